# The residual network exactly as published, with the released settings: alpha 1, beta 10, learning rate 0.01.
_base_ = [
    './adversarial_resnet_stgcn_1xb16-80e_utd-mhad-trial-kinect20.py',
]

model = dict(
    anonymizer=dict(published=True, last_std=None),
    losses=dict(privacy=dict(weight=1.0)),
)
optim_wrapper = dict(
    anonymizer=dict(optimizer=dict(lr=0.01)), adversary=dict(optimizer=dict(lr=0.01))
)
