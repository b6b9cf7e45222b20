# The residual network exactly as published: a ReLU before each skip, and PyTorch's initialization.
_base_ = './adversarial_resnet_shiftgcn_4xb16-140e_ntu60-xview-ntu25.py'

model = dict(anonymizer=dict(published=True, last_std=None))
