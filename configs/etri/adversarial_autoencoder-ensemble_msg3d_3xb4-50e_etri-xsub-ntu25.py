# The ensembles of the earlier release (config/etri_ensemble_ae.yaml): three recognizers and three gender classifiers, all at rest, while the
# decoder learns. Three held-out attackers.
_base_ = [
    './adversarial_autoencoder_msg3d_2xb12-40e_etri-xsub-ntu25.py',
    '../_base_/nets/stgcnpp_ntu25.py',
]

work = 'work_dirs/etri-xsub'  # classifiers trained before, with --seed 0, 1 and 2; see README.md beside this file
model = dict(
    recognizer=dict(
        _delete_=True,
        nets=dict(
            seed0=dict(
                net={{_base_.msg3d_single}},
                head={{_base_.action_head}},
                checkpoint=f'{work}/action_msg3d_seed0/epoch_60.pth',
            ),
            seed1=dict(
                net={{_base_.msg3d_single}},
                head={{_base_.action_head}},
                checkpoint=f'{work}/action_msg3d_seed1/epoch_60.pth',
            ),
            seed2=dict(
                net={{_base_.msg3d_single}},
                head={{_base_.action_head}},
                checkpoint=f'{work}/action_msg3d_seed2/epoch_60.pth',
            ),
        ),
    ),
    adversary=dict(
        members=dict(
            _delete_=True,
            gender0=dict(
                net={{_base_.msg3d_reduced_single}},
                head={{_base_.gender_head}},
                checkpoint=f'{work}/gender_msg3d_seed0/epoch_50.pth',
            ),
            gender1=dict(
                net={{_base_.msg3d_reduced_single}},
                head={{_base_.gender_head}},
                checkpoint=f'{work}/gender_msg3d_seed1/epoch_50.pth',
            ),
            gender2=dict(
                net={{_base_.msg3d_reduced_single}},
                head={{_base_.gender_head}},
                checkpoint=f'{work}/gender_msg3d_seed2/epoch_50.pth',
            ),
        )
    ),
    # Never trained against: MS-G3D with another seed (inherited), and other networks.
    attackers=dict(
        stgcnpp=dict(
            net={{_base_.stgcnpp}},
            head={{_base_.gender_head}},
            checkpoint=f'{work}/gender_stgcnpp/epoch_80.pth',
        ),
        shiftgcn=dict(
            net={{_base_.shiftgcn_single}},
            head={{_base_.gender_head}},
            checkpoint=f'{work}/gender_shiftgcn/epoch_140.pth',
        ),
    ),
    losses=dict(action=dict(weight=0.0182), privacy=dict(weight=0.0045)),
)
train_dataloader = dict(batch_size=4)
train_cfg = dict(max_epochs=50, cycle=[('anonymizer', 1)])
optim_wrapper = dict(anonymizer=dict(optimizer=dict(lr=0.00066)))
param_scheduler = dict(
    anonymizer=[dict(type='MultiStepLR', milestones=[10, 20], end=50, by_epoch=True)]
)
auto_scale_lr = dict(base_batch_size=12)
