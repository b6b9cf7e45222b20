# The paper's method on synthetic skeletons: UNet anonymizer, narrowed to 16 base channels, against one ST-GCN adversary.
# So that 15 short epochs suffice, it starts at the identity (residual) and learns with Adam, twice for each adversary update.
_base_ = [
    './action_stgcn_1xb16-15e_synthetic-trial-ntu25.py',
    '../_base_/anonymizers/unet.py',
    '../_base_/schedules/alternating.py',
]

# Trained before, see README.md beside this file.
work = 'work_dirs/synthetic'

model = dict(
    _delete_=True,
    type='AdversarialAnonymization',
    anonymizer=dict(
        type='UNetAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
        base_channels=16,
        residual=True,
        last_std=0.001,
    ),
    recognizer=dict(net={{_base_.model}}, checkpoint=f'{work}/action/epoch_15.pth'),
    adversary=dict(
        type='AdversaryBank',
        members=dict(
            subject=dict(
                net={{_base_.model}},
                head={{_base_.subject_head}},
                checkpoint=f'{work}/subject/epoch_35.pth',
            )
        ),
    ),
    # Never trained against: it only evaluates.
    attackers=dict(
        other_seed=dict(
            net={{_base_.model}},
            head={{_base_.subject_head}},
            checkpoint=f'{work}/attacker_seed/epoch_35.pth',
        ),
    ),
    losses={{_base_.unet.losses}},
)

train_cfg = dict(
    _delete_=True,
    type='AlternatingTrainLoop',
    max_epochs=15,
    val_interval=15,
    cycle=[('adversary', 1), ('anonymizer', 2)],
)
optim_wrapper = dict(
    _delete_=True,
    constructor='PartyOptimWrapperConstructor',
    anonymizer=dict(optimizer=dict(type='Adam', lr=0.001)),
    adversary=dict(
        optimizer=dict(type='SGD', lr=0.0003, momentum=0.9, nesterov=True, weight_decay=1e-4)
    ),
)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=15,
        end=15,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
val_evaluator = {{_base_.party_evaluator}}
test_evaluator = {{_base_.party_evaluator}}
