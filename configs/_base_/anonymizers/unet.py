# The paper's UNet with the settings released for NTU60 cross-view: alpha 3, beta 10, SGD 0.001.
# Source: ml-postech/Skeleton-anonymization, config/train_adver_unet.yaml.
unet = dict(
    anonymizer=dict(type='UNetAnonymizer'),
    losses=dict(
        action=dict(type='ActionCrossEntropy'),
        privacy=dict(type='PrivacyEntropy', weight=3.0),
        reconstruction=dict(type='ReconstructionMSE', weight=10.0),
    ),
    optim_wrapper=dict(
        anonymizer=dict(
            optimizer=dict(type='SGD', lr=0.001, momentum=0.9, nesterov=True, weight_decay=1e-4)
        ),
        adversary=dict(
            optimizer=dict(type='SGD', lr=0.001, momentum=0.9, nesterov=True, weight_decay=1e-4)
        ),
    ),
)
