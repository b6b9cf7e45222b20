# Privacy classifier (gender): Shift-GCN on NTU RGB+D 60, cross-view. The owners do not hand out genders; a CSV file with the header subject,gender
# adds them: tools/data/ntu.py --attributes. With another seed an independent attacker.
_base_ = './subject_shiftgcn_4xb16-140e_ntu60-xview-ntu25.py'

model = dict(head=dict(attribute='gender', num_classes=2))
train_dataloader = dict(dataset=dict(attributes=['gender']))
val_dataloader = dict(dataset=dict(attributes=['gender']))
test_dataloader = dict(dataset=dict(attributes=['gender']))
