# The paper's ResNet, able to subtract, with the settings released for NTU60 cross-view: alpha 1, beta 10, SGD 0.01.
# Source: ml-postech/Skeleton-anonymization, config/train_adver_resnet.yaml.
resnet = dict(
    anonymizer=dict(type='ResNetAnonymizer'),
    losses=dict(
        action=dict(type='ActionCrossEntropy'),
        privacy=dict(type='PrivacyEntropy', weight=1.0),
        reconstruction=dict(type='ReconstructionMSE', weight=10.0),
    ),
    optim_wrapper=dict(
        anonymizer=dict(
            optimizer=dict(type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4)
        ),
        adversary=dict(
            optimizer=dict(type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4)
        ),
    ),
)
