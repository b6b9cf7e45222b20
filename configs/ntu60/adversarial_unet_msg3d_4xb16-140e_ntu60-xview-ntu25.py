# The same against MS-G3D.
_base_ = [
    './adversarial_unet_shiftgcn_4xb16-140e_ntu60-xview-ntu25.py',
    '../_base_/nets/msg3d_ntu25.py',
]

work = 'work_dirs/ntu60-xview'  # classifiers trained before, see README.md beside this file
model = dict(
    recognizer=dict(
        _delete_=True,
        net={{_base_.msg3d}},
        head={{_base_.action_head}},
        checkpoint=f'{work}/action_msg3d/epoch_50.pth',
    ),
    adversary=dict(
        members=dict(
            _delete_=True,
            subject=dict(
                net={{_base_.msg3d}},
                head={{_base_.subject_head}},
                checkpoint=f'{work}/subject_msg3d/epoch_50.pth',
            ),
        )
    ),
    attackers=dict(
        _delete_=True,
        other_seed=dict(
            net={{_base_.msg3d}},
            head={{_base_.subject_head}},
            checkpoint=f'{work}/attacker_msg3d/epoch_50.pth',
        ),
    ),  # never trained against
)
