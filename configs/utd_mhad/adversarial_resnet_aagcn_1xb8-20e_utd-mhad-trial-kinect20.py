# The residual network in place of the UNet.
_base_ = './adversarial_unet_aagcn_1xb8-20e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='ResNetAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    ),
    anonymizer_checkpoint=None,
)
