# The same against MS-G3D.
_base_ = [
    './adversarial_unet_shiftgcn_4xb16-140e_etri-xsub-ntu25.py',
    '../_base_/nets/msg3d_ntu25.py',
]

work = 'work_dirs/etri-xsub'  # classifiers trained before, see README.md beside this file
model = dict(
    recognizer=dict(
        _delete_=True,
        net={{_base_.msg3d_single}},
        head={{_base_.action_head}},
        checkpoint=f'{work}/action_msg3d/epoch_60.pth',
    ),
    adversary=dict(
        members=dict(
            _delete_=True,
            gender=dict(
                net={{_base_.msg3d_reduced_single}},
                head={{_base_.gender_head}},
                checkpoint=f'{work}/gender_msg3d/epoch_50.pth',
            ),
        )
    ),
    attackers=dict(
        _delete_=True,
        other_seed=dict(
            net={{_base_.msg3d_reduced_single}},
            head={{_base_.gender_head}},
            checkpoint=f'{work}/attacker_msg3d/epoch_50.pth',
        ),
    ),  # never trained against
)
