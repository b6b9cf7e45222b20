# Privacy classifier (gender): MS-G3D on ETRI-Activity3D, split by subject. With another seed an independent attacker.
_base_ = './action_msg3d_2xb16-50e_etri-xsub-ntu25.py'

model = dict(net={{_base_.msg3d_reduced_single}}, head={{_base_.gender_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
