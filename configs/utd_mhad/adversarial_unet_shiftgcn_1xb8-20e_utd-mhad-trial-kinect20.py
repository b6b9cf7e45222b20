# The UNet against Shift-GCN; the attackers stay.
_base_ = [
    './adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py',
    '../_base_/nets/shiftgcn_kinect20.py',
]

model = dict(
    recognizer=dict(
        _delete_=True,
        net={{_base_.shiftgcn}},
        checkpoint='work_dirs/utd_mhad/action_shiftgcn/epoch_30.pth',
    ),
    adversary=dict(
        members=dict(
            subject=dict(
                _delete_=True,
                net={{_base_.shiftgcn}},
                head={{_base_.subject_head}},
                checkpoint='work_dirs/utd_mhad/subject_shiftgcn/epoch_30.pth',
            )
        )
    ),
)
