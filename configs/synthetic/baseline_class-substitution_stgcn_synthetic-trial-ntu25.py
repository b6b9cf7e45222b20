# The degenerate control: every clip becomes the typical training clip of its recognized class. For testing only.
_base_ = './baseline_identity_stgcn_synthetic-trial-ntu25.py'

model = dict(
    anonymizer=dict(
        type='ClassSubstitutionAnonymizer',
        recognizer={{_base_.model.recognizer}},
        population={{_base_.population}},
        clip_len={{_base_.clip_len}},
    )
)
