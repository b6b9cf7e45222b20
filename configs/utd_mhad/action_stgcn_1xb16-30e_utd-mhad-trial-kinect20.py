# Action recognizer on UTD-MHAD: MMAction2's ST-GCN recipe, narrowed for a two-core CPU.
_base_ = ['../_base_/recipes/stgcn.py', '../_base_/datasets/utd_mhad.py']

model = dict(
    layout={{_base_.layout}},
    features=['j', 'b', 'jm'],  # joints, bones and joint motion, computed in the model
    backbone=dict(
        in_channels=9,
        graph_cfg=dict(layout={{_base_.layout}}),
        base_channels=16,
        num_stages=6,
        inflate_stages=[3, 5],
        down_stages=[3, 5],
    ),
    cls_head=dict(num_classes={{_base_.num_actions}}, in_channels=64),
)

train_dataloader = dict(batch_size=16, num_workers=1, dataset={{_base_.train_set}})
val_dataloader = dict(batch_size=64, num_workers=1, dataset={{_base_.test_set}})
test_dataloader = dict(batch_size=64, num_workers=1, dataset={{_base_.test_set}})
val_evaluator = [dict(type='ActionAccuracy')]
test_evaluator = [dict(type='ActionAccuracy')]

auto_scale_lr = dict(enable=False, base_batch_size=16)
train_cfg = dict(max_epochs=30, val_interval=10)
optim_wrapper = dict(optimizer=dict(lr=0.1))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=30,
        end=30,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
# The last epoch counts: choosing the best one on the test split would flatter.
default_hooks = dict(
    checkpoint=dict(interval=10, max_keep_ckpts=1, save_best=None), logger=dict(interval=9)
)
