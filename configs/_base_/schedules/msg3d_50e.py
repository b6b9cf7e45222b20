# Classifiers on MS-G3D with the settings of the earlier code release for actions of NTU60 (desertfex/skeleton-anonymization,
# config/ntu_action.yaml), which are those of MS-G3D's authors; leaves say where another task has others.
_base_ = '../recipes/skeleton.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
)
param_scheduler = [dict(type='MultiStepLR', milestones=[30, 40], end=50, by_epoch=True)]
# Rates are for this batch size, all processes together; --auto-scale-lr adapts them to another.
auto_scale_lr = dict(enable=False, base_batch_size=32)
