# The student of k-same motion against adversaries of two kinds that know the action and start anew in turns, and against its own
# neighbours. Stops by attackers trained anew on clips that are neither training nor test.
_base_ = [
    './pretrain_student_stgcn_1xb48-12e_utd-mhad-trial-kinect20.py',
    '../_base_/nets/stgcnpp_kinect20.py',
]

work = 'work_dirs/utd_mhad'

head = dict(
    type='ClassConditionalPrivacyHead',
    attribute='subject',
    num_classes={{_base_.num_subjects}},
    num_actions={{_base_.num_actions}},
)
val = dict(rule='holdout', part='val', of={{_base_.train_split}})

model = dict(
    anonymizer_checkpoint=f'{work}/student_start/epoch_12.pth',
    predict_skeletons=True,
    adversary=dict(
        type='AdversaryBank',
        members=dict(
            temporal=dict(
                net=dict(
                    type='SkeletonRecognizer',
                    layout={{_base_.layout}},
                    features=['j', 'jm'],
                    backbone=dict(
                        type='TemporalCNNBackbone',
                        num_joints={{_base_.num_joints}},
                        in_channels=6,
                        channels=96,
                    ),
                    cls_head=dict(in_channels=96, **head),
                )
            ),
            graph=dict(
                net=dict(
                    type='SkeletonRecognizer',
                    layout={{_base_.layout}},
                    features=['b', 'jm'],
                    backbone=dict(
                        type='STGCN',
                        in_channels=6,
                        graph_cfg=dict(layout={{_base_.layout}}, mode='stgcn_spatial'),
                        base_channels=16,
                        num_stages=4,
                        inflate_stages=[2, 3],
                        down_stages=[2, 3],
                    ),
                    cls_head=dict(in_channels=64, **head),
                )
            ),
        ),
    ),
    # Never trained against: they only evaluate.
    attackers=dict(
        other_seed=dict(
            net={{_base_.model.recognizer.net}},
            head={{_base_.subject_head}},
            checkpoint=f'{work}/attacker_seed/epoch_30.pth',
        ),
        other_architecture=dict(
            net={{_base_.stgcnpp}},
            head={{_base_.subject_head}},
            checkpoint=f'{work}/attacker_stgcnpp/epoch_30.pth',
        ),
    ),
    losses=dict(
        # Stronger privacy terms, 3 for neighbours and 0.3 for the action, leave no action in the first epoch.
        action=dict(weight=1.0),
        privacy=dict(type='PrivacyUniformKL', weight=0.4),
        neighbours=dict(type='SoftNearestNeighbour', weight=0.5, layout={{_base_.layout}}),
        variance=dict(type='BetweenSubjectVariance', weight=0.3, layout={{_base_.layout}}),
    ),
)
train_cfg = dict(
    max_epochs=6,
    val_interval=1,
    cycle=[('adversary', 2), ('anonymizer', 1)],
    warmup=[('adversary', 120)],
)
optim_wrapper = dict(
    anonymizer=dict(optimizer=dict(lr=0.0002)),
    adversary=dict(optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.01)),
)
param_scheduler = dict(
    anonymizer=[
        dict(type='CosineAnnealingLR', T_max=6, end=6, by_epoch=True, convert_to_iter_based=True)
    ],
    adversary=[],
)
custom_hooks = [
    dict(type='ReproducibilityHook'),
    dict(type='CollapseWarningHook'),
    dict(type='RestartAdversaryHook', interval=120),
    dict(type='EarlyStoppingHook', monitor='fresh/cost', rule='less', patience=3),
]
default_hooks = dict(checkpoint=dict(interval=1, save_best='fresh/cost', rule='less'))
# Over what is trained on and what is kept for stopping: attackers learn from the one and are tried on the other.
val_dataloader = dict(dataset={{_base_.train_set_tested}})
val_evaluator = [
    dict(
        type='FreshAttacker',
        ann_file={{_base_.data_file}},
        learn={{_base_.fit}},
        tried=val,
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    ),
]
test_evaluator = {{_base_.party_evaluator}}
