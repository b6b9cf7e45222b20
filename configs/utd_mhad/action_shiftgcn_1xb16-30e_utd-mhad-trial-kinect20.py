# Action recognizer: Shift-GCN, narrowed for a two-core CPU.
_base_ = [
    './action_stgcn_1xb16-30e_utd-mhad-trial-kinect20.py',
    '../_base_/nets/shiftgcn_kinect20.py',
]

model = dict(_delete_=True, _scope_='mmskanon', type='SkeletonClassifier', net={{_base_.shiftgcn}})
