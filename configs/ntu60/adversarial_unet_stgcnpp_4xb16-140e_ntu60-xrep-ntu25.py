# The same against ST-GCN++.
_base_ = [
    './adversarial_unet_shiftgcn_4xb16-140e_ntu60-xrep-ntu25.py',
    '../_base_/nets/stgcnpp_ntu25.py',
]

work = 'work_dirs/ntu60-xrep'  # classifiers trained before, see README.md beside this file
model = dict(
    recognizer=dict(
        _delete_=True,
        net={{_base_.stgcnpp}},
        head={{_base_.action_head}},
        checkpoint=f'{work}/action_stgcnpp/epoch_80.pth',
    ),
    adversary=dict(
        members=dict(
            _delete_=True,
            subject=dict(
                net={{_base_.stgcnpp}},
                head={{_base_.subject_head}},
                checkpoint=f'{work}/subject_stgcnpp/epoch_80.pth',
            ),
        )
    ),
    attackers=dict(
        _delete_=True,
        other_seed=dict(
            net={{_base_.stgcnpp}},
            head={{_base_.subject_head}},
            checkpoint=f'{work}/attacker_stgcnpp/epoch_80.pth',
        ),
    ),  # never trained against
)
