# Action recognizer: 2s-AGCN, joint stream on NTU RGB+D 120, cross-setup.
_base_ = [
    '../_base_/schedules/2s-agcn_50e.py',
    '../_base_/datasets/ntu120_xset.py',
    '../_base_/nets/aagcn_ntu25.py',
]

model = dict(type='SkeletonClassifier', net={{_base_.aagcn}}, head={{_base_.action_head}})
train_dataloader = dict(dataset={{_base_.train_set}})
val_dataloader = dict(dataset={{_base_.test_set}})
test_dataloader = dict(dataset={{_base_.test_set}})
val_evaluator = [dict(type='ActionAccuracy')]
test_evaluator = [dict(type='ActionAccuracy')]
