# The residual network in place of the UNet.
_base_ = './adversarial_unet_msg3d_1xb8-20e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(_delete_=True, type='ResNetAnonymizer', layout='kinect_v1', num_person=1),
    anonymizer_checkpoint=None,
)
