# Privacy classifier (subject): 2s-AGCN, bone stream on NTU RGB+D 60, cross-view. With another seed an independent attacker.
_base_ = './action_2s-agcn-bone_4xb16-50e_ntu60-xview-ntu25.py'

model = dict(head={{_base_.subject_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
