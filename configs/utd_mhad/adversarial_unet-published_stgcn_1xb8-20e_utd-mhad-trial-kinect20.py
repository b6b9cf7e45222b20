# The paper's method on UTD-MHAD with the settings released for NTU60 (alpha 3, beta 10, SGD 0.001): UNet anonymizer, narrowed
# to 16 base channels, against one ST-GCN adversary.
_base_ = [
    './action_stgcn_1xb16-30e_utd-mhad-trial-kinect20.py',
    '../_base_/anonymizers/unet.py',
    '../_base_/schedules/alternating.py',
    '../_base_/nets/stgcnpp_kinect20.py',
]

# Trained before, see README.md beside this file.
work = 'work_dirs/utd_mhad'

model = dict(
    _delete_=True,
    type='AdversarialAnonymization',
    anonymizer=dict(
        type='UNetAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
        base_channels=16,
    ),
    recognizer=dict(net={{_base_.model}}, checkpoint=f'{work}/action/epoch_30.pth'),
    adversary=dict(
        type='AdversaryBank',
        members=dict(
            subject=dict(
                net={{_base_.model}},
                head={{_base_.subject_head}},
                checkpoint=f'{work}/subject/epoch_30.pth',
            )
        ),
    ),
    # Never trained against: they only evaluate.
    attackers=dict(
        other_seed=dict(
            net={{_base_.model}},
            head={{_base_.subject_head}},
            checkpoint=f'{work}/attacker_seed/epoch_30.pth',
        ),
        other_architecture=dict(
            net={{_base_.stgcnpp}},
            head={{_base_.subject_head}},
            checkpoint=f'{work}/attacker_stgcnpp/epoch_30.pth',
        ),
    ),
    losses={{_base_.unet.losses}},
)
train_dataloader = dict(batch_size=8)
auto_scale_lr = dict(enable=False, base_batch_size=8)
train_cfg = dict(_delete_=True, type='AlternatingTrainLoop', max_epochs=20, val_interval=10)
optim_wrapper = dict(
    _delete_=True,
    constructor='PartyOptimWrapperConstructor',
    anonymizer={{_base_.unet.optim_wrapper.anonymizer}},
    adversary={{_base_.unet.optim_wrapper.adversary}},
)
param_scheduler = None
default_hooks = dict(checkpoint=dict(interval=10), logger=dict(interval=27))
val_evaluator = {{_base_.party_evaluator}}
test_evaluator = {{_base_.party_evaluator}}
