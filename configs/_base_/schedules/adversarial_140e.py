# The paper's alternating training: one update of each party in turn, rates a tenth from epochs 60, 80 and 100 on.
_base_ = ['../recipes/skeleton.py', './alternating.py']

train_cfg = dict(type='AlternatingTrainLoop', max_epochs=140, val_interval=10)
optim_wrapper = dict(constructor='PartyOptimWrapperConstructor')
param_scheduler = [dict(type='MultiStepLR', milestones=[60, 80, 100], end=140, by_epoch=True)]
auto_scale_lr = dict(enable=False, base_batch_size=64)
