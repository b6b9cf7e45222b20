# Privacy classifier (subject): Shift-GCN on NTU RGB+D 60, cross-view. With another seed an independent attacker.
_base_ = './action_shiftgcn_4xb16-140e_ntu60-xview-ntu25.py'

model = dict(head={{_base_.subject_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
