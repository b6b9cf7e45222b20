# The frame-wise autoencoder of the earlier release, its encoder at rest, in place of the UNet.
_base_ = [
    './adversarial_unet_shiftgcn_4xb16-140e_etri-xsub-ntu25.py',
    '../_base_/anonymizers/autoencoder_etri.py',
]

model = dict(
    anonymizer={{_base_.autoencoder.anonymizer}},
    anonymizer_checkpoint='work_dirs/etri-xsub/autoencoder_start/epoch_100.pth',
    losses={{_base_.autoencoder.losses}},
)
train_dataloader = dict(batch_size=12)
train_cfg = dict(max_epochs=40)
optim_wrapper = {{_base_.autoencoder.optim_wrapper}}
param_scheduler = {{_base_.autoencoder.param_scheduler}}
auto_scale_lr = dict(base_batch_size=24)
