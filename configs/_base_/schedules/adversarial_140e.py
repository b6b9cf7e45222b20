# The paper's alternating training (ml-postech/Skeleton-anonymization, config/train_adver_*.yaml and main.py): one update of each party in
# turn, rates a tenth from epochs 60, 80 and 100 on. Where Shift-GCN is the adversary, its spatial weights decay ten times as fast, its feature
# masks not at all; other networks have neither.
_base_ = ['../recipes/skeleton.py', './alternating.py']

train_cfg = dict(type='AlternatingTrainLoop', max_epochs=140, val_interval=10)
optim_wrapper = dict(
    constructor='PartyOptimWrapperConstructor',
    adversary=dict(
        paramwise_cfg=dict(
            custom_keys={'linear_weight': dict(decay_mult=10), 'feature_mask': dict(decay_mult=0)}
        )
    ),
)
param_scheduler = [dict(type='MultiStepLR', milestones=[60, 80, 100], end=140, by_epoch=True)]
auto_scale_lr = dict(enable=False, base_batch_size=64)
