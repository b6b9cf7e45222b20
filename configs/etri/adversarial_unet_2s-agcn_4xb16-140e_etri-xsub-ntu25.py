# The same against 2s-AGCN.
_base_ = [
    './adversarial_unet_shiftgcn_4xb16-140e_etri-xsub-ntu25.py',
    '../_base_/nets/aagcn_ntu25.py',
]

work = 'work_dirs/etri-xsub'  # classifiers trained before, see README.md beside this file
model = dict(
    recognizer=dict(
        _delete_=True,
        nets=dict(
            joint=dict(
                net={{_base_.aagcn_single}},
                head={{_base_.action_head}},
                checkpoint=f'{work}/action_2s-agcn-joint/epoch_50.pth',
            ),
            bone=dict(
                net={{_base_.aagcn_bone_single}},
                head={{_base_.action_head}},
                checkpoint=f'{work}/action_2s-agcn-bone/epoch_50.pth',
            ),
        ),
    ),
    adversary=dict(
        members=dict(
            _delete_=True,
            gender_joint=dict(
                net={{_base_.aagcn_single}},
                head={{_base_.gender_head}},
                checkpoint=f'{work}/gender_2s-agcn-joint/epoch_50.pth',
            ),
            gender_bone=dict(
                net={{_base_.aagcn_bone_single}},
                head={{_base_.gender_head}},
                checkpoint=f'{work}/gender_2s-agcn-bone/epoch_50.pth',
            ),
        )
    ),
    attackers=dict(
        _delete_=True,
        other_seed=dict(
            nets=dict(
                joint=dict(
                    net={{_base_.aagcn_single}},
                    head={{_base_.gender_head}},
                    checkpoint=f'{work}/attacker_2s-agcn-joint/epoch_50.pth',
                ),
                bone=dict(
                    net={{_base_.aagcn_bone_single}},
                    head={{_base_.gender_head}},
                    checkpoint=f'{work}/attacker_2s-agcn-bone/epoch_50.pth',
                ),
            )
        ),
    ),  # never trained against
)
