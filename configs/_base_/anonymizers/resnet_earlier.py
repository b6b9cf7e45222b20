# The residual network as published, its last operation before each skip a ReLU, with the settings of the earlier code release against MS-G3D.
# Source: desertfex/skeleton-anonymization, config/ntu_adv_res.yaml and etri_adv_res.yaml. Reconstruction weighs 1.
resnet_earlier = dict(
    anonymizer=dict(type='ResNetAnonymizer', published=True, last_std=None),
    losses=dict(
        action=dict(type='ActionCrossEntropy', weight=0.0067),
        privacy=dict(type='PrivacyEntropy', weight=0.1),
        reconstruction=dict(type='ReconstructionMSE', weight=1.0),
    ),
    optim_wrapper=dict(
        anonymizer=dict(
            optimizer=dict(type='SGD', lr=0.0018, momentum=0.9, nesterov=True, weight_decay=1e-5)
        ),
        adversary=dict(
            optimizer=dict(type='SGD', lr=0.003, momentum=0.9, nesterov=True, weight_decay=1e-5)
        ),
    ),
    # The anonymizer's rate falls, the adversary's stays.
    param_scheduler=dict(
        _delete_=True,
        anonymizer=[dict(type='MultiStepLR', milestones=[10, 20], by_epoch=True, end=50)],
        adversary=[],
    ),
)
