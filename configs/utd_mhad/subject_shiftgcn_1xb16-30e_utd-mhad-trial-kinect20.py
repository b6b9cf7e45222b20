# Re-identification classifier on the same network.
_base_ = './action_shiftgcn_1xb16-30e_utd-mhad-trial-kinect20.py'

model = dict(head={{_base_.subject_head}})

val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
