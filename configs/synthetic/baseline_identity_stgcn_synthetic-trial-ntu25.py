# No anonymization: what recognizer, adversary and attacker read from the original clips. For testing only.
_base_ = './adversarial_unet_stgcn_1xb16-15e_synthetic-trial-ntu25.py'

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='IdentityAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    )
)
