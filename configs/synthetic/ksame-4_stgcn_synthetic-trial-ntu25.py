# k-same motion: every clip becomes the average of clips of 4 training subjects who do the same, drawn anew each time. For testing only.
_base_ = './baseline_identity_stgcn_synthetic-trial-ntu25.py'

model = dict(
    anonymizer=dict(
        type='KSameAnonymizer',
        k=4,
        recognizer={{_base_.model.recognizer}},
        population={{_base_.population}},
        clip_len={{_base_.clip_len}},
    )
)
