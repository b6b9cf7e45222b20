# Privacy classifier (subject): ST-GCN++ on NTU RGB+D 120, cross-setup. With another seed an independent attacker.
_base_ = './action_stgcnpp_8xb16-80e_ntu120-xset-ntu25.py'

model = dict(head={{_base_.subject_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
