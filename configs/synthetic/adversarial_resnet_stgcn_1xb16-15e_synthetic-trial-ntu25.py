# The residual network, able to subtract, in place of the UNet.
_base_ = './adversarial_unet_stgcn_1xb16-15e_synthetic-trial-ntu25.py'

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='ResNetAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    )
)
