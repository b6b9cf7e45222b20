# The residual network, able to subtract, with the settings released by Moon et al., AAAI 2023 (NTU60 cross-view): alpha 1,
# beta 10, learning rate 0.01.
anonymizer = dict(type='ResNetAnonymizer')
losses = dict(
    action=dict(type='ActionCrossEntropy'),
    privacy=dict(type='PrivacyEntropy', weight=1.0),
    reconstruction=dict(type='ReconstructionMSE', weight=10.0),
)
party_optim_wrapper = dict(
    _delete_=True,
    constructor='PartyOptimWrapperConstructor',
    anonymizer=dict(
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4)
    ),
    adversary=dict(
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4)
    ),
)
