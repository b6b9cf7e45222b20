# Age in years as a number: Shift-GCN on ETRI-Activity3D, split by subject. Mean and deviation are rough ones of its 50 old and 50
# young people; the data set logs those of the training split.
_base_ = './gender_shiftgcn_4xb16-140e_etri-xsub-ntu25.py'

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
