# Privacy classifier (subject): 2s-AGCN, joint stream on NTU RGB+D 60, disjoint takes. With another seed an independent attacker.
_base_ = './action_2s-agcn-joint_4xb16-50e_ntu60-xrep-ntu25.py'

model = dict(head={{_base_.subject_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
