# k-same motion with 4 donors from three quarters of the training clips, to make the targets of the student. For testing only.
_base_ = './ksame-4_stgcn_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        population=dict(split=dict(_delete_=True, rule='holdout', part='train', of='train'))
    )
)
