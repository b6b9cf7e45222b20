# The ResNet in place of the UNet.
_base_ = [
    './adversarial_unet_2s-agcn_4xb16-140e_ntu120-xset-ntu25.py',
    '../_base_/anonymizers/resnet.py',
]

model = dict(anonymizer={{_base_.resnet.anonymizer}}, losses={{_base_.resnet.losses}})
optim_wrapper = {{_base_.resnet.optim_wrapper}}
