# Streams of 2s-AGCN as its authors trained them (Shi et al., CVPR 2019; lshiwjx/2s-AGCN, config/nturgbd-cross-view/train_joint.yaml).
_base_ = '../recipes/skeleton.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
)
param_scheduler = [dict(type='MultiStepLR', milestones=[30, 40], end=50, by_epoch=True)]
# Rates are for this batch size, all processes together; --auto-scale-lr adapts them to another.
auto_scale_lr = dict(enable=False, base_batch_size=64)
