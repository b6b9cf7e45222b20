# The residual network as published against the ensembles at rest (config/etri_ensemble_res.yaml of the earlier release).
_base_ = [
    './adversarial_autoencoder-ensemble_msg3d_3xb4-50e_etri-xsub-ntu25.py',
]

model = dict(
    anonymizer=dict(
        _delete_=True, type='ResNetAnonymizer', num_person=1, published=True, last_std=None
    ),
    anonymizer_checkpoint=None,
    losses=dict(action=dict(weight=0.0067), privacy=dict(weight=0.0333)),
)
train_cfg = dict(max_epochs=40)
optim_wrapper = dict(anonymizer=dict(optimizer=dict(lr=0.006)))
