# The residual network, able to subtract and close to the identity at the start, in place of the UNet.
_base_ = './adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='ResNetAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    ),
    anonymizer_checkpoint=None,
)
