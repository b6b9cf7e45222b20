# MMAction2's ST-GCN++ recipe, prepared like stgcn.py.
_base_ = [
    'mmaction::skeleton/stgcnpp/stgcnpp_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py',
    '../runtime.py',
]
default_scope = 'mmskanon'

# MMEngine marks what comes from another package's base with that package's scope; parts that build mmskanon classes need ours.
model = dict(_scope_='mmskanon', type='SkeletonRecognizer')
train_cfg = dict(_scope_='mmskanon')
val_cfg = dict(_scope_='mmskanon')
test_cfg = dict(_scope_='mmskanon')
