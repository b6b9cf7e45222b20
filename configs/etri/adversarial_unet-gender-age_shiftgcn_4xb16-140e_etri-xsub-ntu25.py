# Two attributes at once: the UNet against gender and, as a number, age.
_base_ = './adversarial_unet_shiftgcn_4xb16-140e_etri-xsub-ntu25.py'

age_head = dict(type='PrivacyRegressionHead', attribute='age', num_classes=1, mean=50.0, std=25.0)
model = dict(
    adversary=dict(
        members=dict(
            age=dict(
                net={{_base_.shiftgcn_single}},
                head=age_head,
                checkpoint='work_dirs/etri-xsub/age_shiftgcn/epoch_140.pth',
            )
        )
    ),
    losses=dict(
        privacy=dict(attributes=['gender']),
        age=dict(type='PrivacySquaredEstimate', weight=1.0, attributes=['age']),
    ),
)
train_dataloader = dict(dataset=dict(regression_attributes=['age']))
val_dataloader = dict(dataset=dict(regression_attributes=['age']))
test_dataloader = dict(dataset=dict(regression_attributes=['age']))
val_evaluator = [
    dict(type='ActionAccuracy'),
    dict(type='PrivacyAccuracy'),
    dict(type='PrivacyRegression'),
    dict(type='SkeletonFidelity'),
    dict(type='PrivacyUtilityArea'),
]
test_evaluator = val_evaluator
