# Gender classifier on synthetic skeletons, where gender is a matter of proportions: warm start of an adversary, or with another seed an attacker.
_base_ = './subject_stgcn_1xb16-35e_synthetic-trial-ntu25.py'

model = dict(cls_head=dict(attribute='gender', num_classes=2))
train_dataloader = dict(dataset=dict(attributes=['gender']))
val_dataloader = dict(dataset=dict(attributes=['gender']))
test_dataloader = dict(dataset=dict(attributes=['gender']))
