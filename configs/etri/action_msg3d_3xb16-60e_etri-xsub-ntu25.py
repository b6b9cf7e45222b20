# Action recognizer: MS-G3D on ETRI-Activity3D, split by subject.
_base_ = [
    '../_base_/schedules/msg3d_50e.py',
    '../_base_/datasets/etri_gender.py',
    '../_base_/nets/msg3d_ntu25.py',
]

model = dict(type='SkeletonClassifier', net={{_base_.msg3d_single}}, head={{_base_.action_head}})
train_dataloader = dict(dataset={{_base_.train_set}})
val_dataloader = dict(dataset={{_base_.test_set}})
test_dataloader = dict(dataset={{_base_.test_set}})
val_evaluator = [dict(type='ActionAccuracy')]
test_evaluator = [dict(type='ActionAccuracy')]
# As in the earlier code release (config/etri_action.yaml).
train_cfg = dict(max_epochs=60)
param_scheduler = [dict(type='MultiStepLR', milestones=[30, 50], end=60, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=48)
