# What the experiments on NTU RGB+D and ETRI share: MMAction2's default runtime, ours, and data loaders still without data.
_base_ = ['mmaction::_base_/default_runtime.py', '../runtime.py']
default_scope = 'mmskanon'

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(),
)
test_dataloader = val_dataloader
val_cfg = dict(_scope_='mmskanon', type='ValLoop')
test_cfg = dict(_scope_='mmskanon', type='TestLoop')
# The last epoch counts: choosing the best one on the test split would flatter.
default_hooks = dict(
    checkpoint=dict(interval=10, max_keep_ckpts=1, save_best=None), logger=dict(interval=100)
)
