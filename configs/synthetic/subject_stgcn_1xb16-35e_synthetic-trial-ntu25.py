# Re-identification classifier on synthetic skeletons: warm start of the adversary, or with another seed an independent attacker.
_base_ = './action_stgcn_1xb16-15e_synthetic-trial-ntu25.py'

model = dict(cls_head={{_base_.subject_head}})

train_cfg = dict(max_epochs=35, val_interval=35)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=35,
        end=35,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
