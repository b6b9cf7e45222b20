# Action recognizer on synthetic skeletons: MMAction2's ST-GCN recipe, narrowed so that the demo ends in minutes on a two-core CPU.
_base_ = ['../_base_/recipes/stgcn.py', '../_base_/datasets/synthetic.py']

model = dict(
    layout={{_base_.layout}},
    features=['b'],  # bones, computed in the model
    backbone=dict(
        graph_cfg=dict(layout={{_base_.layout}}),
        base_channels=16,
        num_stages=3,
        inflate_stages=[2],
        down_stages=[2],
    ),
    cls_head=dict(num_classes={{_base_.num_actions}}, in_channels=32),
)

# A sample takes a millisecond to prepare, less than starting workers costs.
workers = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(batch_size=16, dataset={{_base_.train_set}}, **workers)
val_dataloader = dict(batch_size=80, dataset={{_base_.test_set}}, **workers)
test_dataloader = dict(batch_size=80, dataset={{_base_.test_set}}, **workers)
val_evaluator = [dict(type='ActionAccuracy')]
test_evaluator = [dict(type='ActionAccuracy')]

auto_scale_lr = dict(enable=False, base_batch_size=16)
train_cfg = dict(max_epochs=15, val_interval=15)
optim_wrapper = dict(optimizer=dict(lr=0.1))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=15,
        end=15,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
# The last epoch counts: choosing the best one on the test split would flatter.
default_hooks = dict(
    checkpoint=dict(interval=5, max_keep_ckpts=1, save_best=None), logger=dict(interval=15)
)
