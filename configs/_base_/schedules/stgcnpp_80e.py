# Classifiers on ST-GCN++ with the settings of MMAction2's recipe, whose 16 epochs pass over the data five times each.
_base_ = '../recipes/skeleton.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=80,
        end=80,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
# Rates are for this batch size, all processes together; --auto-scale-lr adapts them to another.
auto_scale_lr = dict(enable=False, base_batch_size=128)
