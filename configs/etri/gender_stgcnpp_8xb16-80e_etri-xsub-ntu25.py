# Privacy classifier (gender): ST-GCN++ on ETRI-Activity3D, split by subject. With another seed an independent attacker.
_base_ = './action_stgcnpp_8xb16-80e_etri-xsub-ntu25.py'

model = dict(head={{_base_.gender_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
