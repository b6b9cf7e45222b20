# The residual network as published, with the settings of the earlier code release (config/etri_adv_res.yaml).
_base_ = [
    './adversarial_unet_msg3d_4xb16-140e_etri-xsub-ntu25.py',
    '../_base_/anonymizers/resnet_earlier.py',
]

model = dict(
    anonymizer={{_base_.resnet_earlier.anonymizer}},
    losses={{_base_.resnet_earlier.losses}},
)
optim_wrapper = {{_base_.resnet_earlier.optim_wrapper}}
param_scheduler = {{_base_.resnet_earlier.param_scheduler}}
train_dataloader = dict(batch_size=10)
train_cfg = dict(max_epochs=40)
auto_scale_lr = dict(base_batch_size=30)
