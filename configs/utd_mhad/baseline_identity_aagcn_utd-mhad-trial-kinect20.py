# No anonymization: what recognizer, adversary and attackers read from the original clips. For testing only.
_base_ = './adversarial_unet_aagcn_1xb8-20e_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        _delete_=True,
        type='IdentityAnonymizer',
        layout={{_base_.layout}},
        num_person={{_base_.num_person}},
    )
)
