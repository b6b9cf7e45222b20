# The frame-wise autoencoder of the earlier release, its encoder at rest, in place of the UNet.
_base_ = [
    './adversarial_unet_shiftgcn_4xb16-140e_ntu60-xview-ntu25.py',
    '../_base_/anonymizers/autoencoder_ntu.py',
]

model = dict(
    anonymizer={{_base_.autoencoder.anonymizer}},
    anonymizer_checkpoint='work_dirs/ntu60-xview/autoencoder_start/epoch_100.pth',
    losses={{_base_.autoencoder.losses}},
)
train_dataloader = dict(batch_size=15)
train_cfg = dict(max_epochs=50)
optim_wrapper = {{_base_.autoencoder.optim_wrapper}}
param_scheduler = {{_base_.autoencoder.param_scheduler}}
auto_scale_lr = dict(base_batch_size=30)
