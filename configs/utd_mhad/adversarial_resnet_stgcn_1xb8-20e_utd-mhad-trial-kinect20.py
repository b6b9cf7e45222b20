# The residual network, able to subtract and close to the identity at the start, in place of the UNet.
_base_ = './adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(_delete_=True, type='ResNetAnonymizer', layout='kinect_v1', num_person=1),
    anonymizer_checkpoint=None,
)
