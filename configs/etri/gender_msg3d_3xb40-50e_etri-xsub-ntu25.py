# Privacy classifier (gender): MS-G3D on ETRI-Activity3D, split by subject. With another seed an independent attacker.
_base_ = './action_msg3d_3xb16-60e_etri-xsub-ntu25.py'

model = dict(net={{_base_.msg3d_reduced_single}}, head={{_base_.gender_head}})
val_evaluator = [dict(type='PrivacyAccuracy')]
test_evaluator = [dict(type='PrivacyAccuracy')]
# As in the earlier code release (config/etri_gender.yaml).
train_dataloader = dict(batch_size=40)
train_cfg = dict(max_epochs=50)
optim_wrapper = dict(optimizer=dict(lr=0.03, weight_decay=1e-3))
param_scheduler = [dict(type='MultiStepLR', milestones=[2, 10, 30], end=50, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=120)
