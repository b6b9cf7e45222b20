# The UNet against AGCN; the attackers stay.
_base_ = [
    './adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py',
    '../_base_/nets/aagcn_kinect20.py',
]

model = dict(
    recognizer=dict(
        _delete_=True,
        net={{_base_.aagcn}},
        checkpoint='work_dirs/utd_mhad/action_aagcn/epoch_30.pth',
    ),
    adversary=dict(
        members=dict(
            subject=dict(
                _delete_=True,
                net={{_base_.aagcn}},
                head={{_base_.subject_head}},
                checkpoint='work_dirs/utd_mhad/subject_aagcn/epoch_30.pth',
            )
        )
    ),
)
