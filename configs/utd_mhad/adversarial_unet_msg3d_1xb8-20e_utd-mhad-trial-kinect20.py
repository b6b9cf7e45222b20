# The UNet against MS-G3D; the attackers stay.
_base_ = [
    './adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py',
    '../_base_/nets/msg3d_kinect20.py',
]

model = dict(
    recognizer=dict(
        _delete_=True,
        net={{_base_.msg3d}},
        checkpoint='work_dirs/utd_mhad/action_msg3d/epoch_30.pth',
    ),
    adversary=dict(
        members=dict(
            subject=dict(
                _delete_=True,
                net={{_base_.msg3d}},
                head={{_base_.subject_head}},
                checkpoint='work_dirs/utd_mhad/subject_msg3d/epoch_30.pth',
            )
        )
    ),
)
