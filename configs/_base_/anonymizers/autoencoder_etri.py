# The frame-wise autoencoder of the earlier code release with its settings for gender on ETRI-Activity3D. Reconstruction weighs 1; the encoder comes
# from reconstruction and rests. Source: desertfex/skeleton-anonymization, config/etri_adv_ae.yaml, etri_ae_pretrain.yaml.
autoencoder = dict(
    anonymizer=dict(type='AutoencoderAnonymizer', freeze_encoder=True),
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
        anonymizer=[dict(type='MultiStepLR', milestones=[10, 20], end=40, by_epoch=True)],
        adversary=[],
    ),
    pretrain_optim_wrapper=dict(
        constructor='PartyOptimWrapperConstructor',
        anonymizer=dict(optimizer=dict(type='Adam', lr=1e-5, weight_decay=1e-4)),
    ),
    pretrain_param_scheduler=dict(
        anonymizer=[dict(type='MultiStepLR', milestones=[20, 40], end=100, by_epoch=True)]
    ),
)
