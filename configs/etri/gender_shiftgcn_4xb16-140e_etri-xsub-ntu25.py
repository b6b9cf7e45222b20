# Privacy classifier (gender): Shift-GCN on ETRI-Activity3D, split by subject. With another seed an independent attacker.
_base_ = './action_shiftgcn_4xb16-140e_etri-xsub-ntu25.py'

model = dict(head={{_base_.gender_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
