# Canonical bones, and the mean posture of each clip moved to that of the training subjects; there is nobody to face. For testing only.
_base_ = './baseline_identity_stgcn_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        type='CanonicalRestPoseAnonymizer', population={{_base_.population}}, keep_heading=False
    )
)
