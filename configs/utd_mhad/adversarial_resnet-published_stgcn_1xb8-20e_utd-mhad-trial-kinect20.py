# The residual network as published, with the settings released for NTU60: alpha 1, beta 10, SGD 0.01.
_base_ = [
    './adversarial_unet-published_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py',
    '../_base_/anonymizers/resnet.py',
]

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='ResNetAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
        published=True,
        last_std=None,
    ),
    losses={{_base_.resnet.losses}},
)
optim_wrapper = {{_base_.resnet.optim_wrapper}}
