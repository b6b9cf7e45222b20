# Re-identification classifier of another architecture: an independent attacker that no anonymizer is trained against.
_base_ = [
    './subject_stgcn_1xb16-30e_utd-mhad-trial-kinect20.py',
    '../_base_/nets/stgcnpp_kinect20.py',
]

model = dict(backbone={{_base_.stgcnpp.backbone}}, cls_head=dict(in_channels=96))
