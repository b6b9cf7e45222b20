# Classifiers on Shift-GCN as its authors trained it (Cheng et al., CVPR 2020; kchengiva/Shift-GCN, config/nturgbd-cross-view and main.py):
# the spatial weights decay ten times as fast, the feature masks not at all.
_base_ = '../recipes/skeleton.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=140, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
    paramwise_cfg=dict(
        custom_keys={'linear_weight': dict(decay_mult=10), 'feature_mask': dict(decay_mult=0)}
    ),
)
param_scheduler = [dict(type='MultiStepLR', milestones=[60, 80, 100], end=140, by_epoch=True)]
# Rates are for this batch size, all processes together; --auto-scale-lr adapts them to another.
auto_scale_lr = dict(enable=False, base_batch_size=64)
