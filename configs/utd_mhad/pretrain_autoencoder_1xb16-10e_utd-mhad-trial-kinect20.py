# The frame-wise autoencoder learns to reproduce its input before it learns to anonymize.
_base_ = './pretrain_unet_1xb16-10e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='AutoencoderAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    )
)
