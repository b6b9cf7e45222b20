# The paper's loss with weights and steps that suit 432 short clips: alpha 1, beta 300, Adam, and a UNet that starts from
# reconstruction. The weights were chosen without the test clips: `python benchmarks/utd_mhad.py --select`.
_base_ = './adversarial_unet-published_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer_checkpoint='work_dirs/utd_mhad/unet_start/epoch_10.pth',
    losses=dict(privacy=dict(weight=1.0), reconstruction=dict(weight=300.0)),
)

optim_wrapper = dict(anonymizer=dict(optimizer=dict(_delete_=True, type='Adam', lr=0.001)))
param_scheduler = dict(
    _delete_=True,
    anonymizer=[
        dict(type='CosineAnnealingLR', T_max=20, end=20, by_epoch=True, convert_to_iter_based=True)
    ],
    adversary=[],
)
