# Age in years as a number: MS-G3D without its G3D pathways, as in the earlier code release (model/gender_classifier.py, RegressionModel), which has no
# settings for it; those of its gender classifier stand in. Mean and deviation are rough ones of the 50 old and 50 young people.
_base_ = './gender_msg3d_3xb40-50e_etri-xsub-ntu25.py'

model = dict(
    head=dict(
        _delete_=True,
        type='PrivacyRegressionHead',
        attribute='age',
        num_classes=1,
        mean=50.0,
        std=25.0,
    )
)
train_dataloader = dict(dataset=dict(attributes=[], regression_attributes=['age']))
val_dataloader = dict(dataset=dict(attributes=[], regression_attributes=['age']))
test_dataloader = dict(dataset=dict(attributes=[], regression_attributes=['age']))
val_evaluator = [dict(type='PrivacyRegression')]
test_evaluator = [dict(type='PrivacyRegression')]
