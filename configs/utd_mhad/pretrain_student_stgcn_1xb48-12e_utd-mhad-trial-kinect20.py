# The student of k-same motion without habits of timing learns to imitate it: from the clip alone, without labels, gallery or recognizer when
# it is used.
# Trained on three quarters of the training clips; the rest is for choosing and stopping. Targets: README.md beside this file.
_base_ = [
    './action_stgcn_1xb16-30e_utd-mhad-trial-kinect20.py',
    '../_base_/schedules/alternating.py',
]

fit = dict(rule='holdout', part='train', of={{_base_.train_split}})

model = dict(
    _delete_=True,
    type='AdversarialAnonymization',
    anonymizer=dict(
        type='NoisyCodeAnonymizer',
        noise=0.4,
        population=dict(ann_file={{_base_.data_file}}, split=fit),
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    ),
    recognizer=dict(net={{_base_.model}}, checkpoint='work_dirs/utd_mhad/action/epoch_30.pth'),
    losses=dict(
        imitation=dict(type='TargetImitation', layout={{_base_.layout}}),
        # Without it the recognizer reads nothing: it sees jitter that the distance from the target hardly shows.
        action=dict(type='ActionCrossEntropy', weight=0.3),
    ),
)
train_dataloader = dict(
    batch_size=48,
    batch_sampler=dict(_scope_='mmskanon', type='ClassBatchSampler', num_classes=3),
    dataset=dict(
        split=dict(_delete_=True, **fit),
        repeat=30,
        pipeline=[
            dict(
                type='LoadTarget',
                ann_files={{_base_.targets}},
                num_person={{_base_.num_person}},
            ),
            dict(type='NormalizeSkeleton', layout={{_base_.layout}}),
            dict(type='UniformSampleFrames', clip_len={{_base_.clip_len}}),
            dict(type='PoseDecode'),
            dict(type='FormatGCNInput', num_person={{_base_.num_person_with_target}}),
            dict(type='PackSkeletonInputs'),
        ],
    ),
)
auto_scale_lr = dict(enable=False, base_batch_size=48)
train_cfg = dict(
    _delete_=True,
    type='AlternatingTrainLoop',
    max_epochs=12,
    val_interval=12,
    cycle=[('anonymizer', 1)],
)
optim_wrapper = dict(
    _delete_=True,
    constructor='PartyOptimWrapperConstructor',
    anonymizer=dict(
        optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.01), clip_grad=dict(max_norm=5)
    ),
)
param_scheduler = dict(
    _delete_=True,
    anonymizer=[
        dict(type='CosineAnnealingLR', T_max=12, end=12, by_epoch=True, convert_to_iter_based=True)
    ],
)
default_hooks = dict(checkpoint=dict(interval=12), logger=dict(interval=20))
val_evaluator = [dict(type='ActionAccuracy'), dict(type='SkeletonFidelity')]
test_evaluator = [dict(type='ActionAccuracy'), dict(type='SkeletonFidelity')]
