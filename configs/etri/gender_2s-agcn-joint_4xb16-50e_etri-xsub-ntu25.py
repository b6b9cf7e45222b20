# Privacy classifier (gender): 2s-AGCN, joint stream on ETRI-Activity3D, split by subject. With another seed an independent attacker.
_base_ = './action_2s-agcn-joint_4xb16-50e_etri-xsub-ntu25.py'

model = dict(head={{_base_.gender_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
