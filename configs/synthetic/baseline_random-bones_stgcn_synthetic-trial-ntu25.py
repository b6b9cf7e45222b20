# Every clip on the bones of somebody who does not exist, drawn anew each time; directions kept. For testing only.
_base_ = './baseline_identity_stgcn_synthetic-trial-ntu25.py'

model = dict(
    anonymizer=dict(
        type='CanonicalBodyAnonymizer',
        anonymizer=dict(type='IdentityAnonymizer'),
        lengths='random',
        population={{_base_.population}},
    )
)
