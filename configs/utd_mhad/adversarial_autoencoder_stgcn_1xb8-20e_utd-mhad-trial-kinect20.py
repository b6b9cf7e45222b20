# The frame-wise autoencoder, its encoder at rest, in place of the UNet.
_base_ = './adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='AutoencoderAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
        freeze_encoder=True,
    ),
    anonymizer_checkpoint='work_dirs/utd_mhad/autoencoder_start/epoch_10.pth',
)
