# The UNet with the settings released by Moon et al., AAAI 2023 (NTU60 cross-view): alpha 3, beta 10, learning rate 0.001.
anonymizer = dict(type='UNetAnonymizer')
losses = dict(
    action=dict(type='ActionCrossEntropy'),
    privacy=dict(type='PrivacyEntropy', weight=3.0),
    reconstruction=dict(type='ReconstructionMSE', weight=10.0),
)
party_optim_wrapper = dict(
    _delete_=True,
    constructor='PartyOptimWrapperConstructor',
    anonymizer=dict(
        optimizer=dict(type='SGD', lr=0.001, momentum=0.9, nesterov=True, weight_decay=1e-4)
    ),
    adversary=dict(
        optimizer=dict(type='SGD', lr=0.001, momentum=0.9, nesterov=True, weight_decay=1e-4)
    ),
)
