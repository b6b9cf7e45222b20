# MMAction2's ST-GCN recipe with the feature streams computed in the model, so that an anonymizer can stand before it.
_base_ = [
    'mmaction::skeleton/stgcn/stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py',
    '../runtime.py',
]
default_scope = 'mmskanon'

# MMEngine marks what comes from another package's base with that package's scope; parts that build mmskanon classes need ours.
model = dict(_scope_='mmskanon', type='SkeletonRecognizer')
train_cfg = dict(_scope_='mmskanon')
val_cfg = dict(_scope_='mmskanon')
test_cfg = dict(_scope_='mmskanon')

# Nothing stays of the stock data sets, so that a split may be a rule where theirs is a name.
train_dataloader = dict(dataset=dict(_delete_=True))
val_dataloader = dict(dataset=dict(_delete_=True))
test_dataloader = dict(dataset=dict(_delete_=True))
