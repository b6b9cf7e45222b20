# Re-identification classifier on UTD-MHAD: warm start of the adversary, or with another seed an independent attacker.
_base_ = './action_stgcn_1xb16-30e_utd-mhad-trial-kinect20.py'

model = dict(cls_head={{_base_.subject_head}})

val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
