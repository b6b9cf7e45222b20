# The UNet learns to reproduce its input before it learns to anonymize.
_base_ = './action_stgcn_1xb16-30e_utd-mhad-trial-kinect20.py'

model = dict(
    _delete_=True,
    type='AdversarialAnonymization',
    anonymizer=dict(
        type='UNetAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
        base_channels=16,
    ),
    losses=dict(reconstruction=dict(type='ReconstructionMSE')),
)

train_cfg = dict(
    _delete_=True,
    type='AlternatingTrainLoop',
    max_epochs=10,
    val_interval=10,
    cycle=[('anonymizer', 1)],
)
optim_wrapper = dict(
    _delete_=True,
    constructor='PartyOptimWrapperConstructor',
    anonymizer=dict(optimizer=dict(type='Adam', lr=0.001)),
)
param_scheduler = dict(
    _delete_=True,
    anonymizer=[
        dict(type='CosineAnnealingLR', T_max=10, end=10, by_epoch=True, convert_to_iter_based=True)
    ],
)
model_wrapper_cfg = dict(type='PartyDistributedDataParallel')
val_evaluator = [dict(type='SkeletonFidelity')]
test_evaluator = [dict(type='SkeletonFidelity')]
