# Privacy classifier (subject): MS-G3D on NTU RGB+D 60, disjoint takes. With another seed an independent attacker.
_base_ = './action_msg3d_2xb16-50e_ntu60-xrep-ntu25.py'

model = dict(head={{_base_.subject_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
# Batch of the earlier code release (config/ntu_reid.yaml).
train_dataloader = dict(batch_size=20)
auto_scale_lr = dict(base_batch_size=60)
