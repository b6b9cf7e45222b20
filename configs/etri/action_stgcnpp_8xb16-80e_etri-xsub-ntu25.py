# Action recognizer: ST-GCN++ on ETRI-Activity3D, split by subject.
_base_ = [
    '../_base_/schedules/stgcnpp_80e.py',
    '../_base_/datasets/etri_gender.py',
    '../_base_/nets/stgcnpp_ntu25.py',
]

model = dict(type='SkeletonClassifier', net={{_base_.stgcnpp}}, head={{_base_.action_head}})
train_dataloader = dict(dataset={{_base_.train_set}})
val_dataloader = dict(dataset={{_base_.test_set}})
test_dataloader = dict(dataset={{_base_.test_set}})
val_evaluator = [dict(type='ActionAccuracy')]
test_evaluator = [dict(type='ActionAccuracy')]
