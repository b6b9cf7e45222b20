# Gaussian smoothing over time, sigma 2 frames. For testing only.
_base_ = './baseline_identity_stgcn_utd-mhad-trial-kinect20.py'

model = dict(anonymizer=dict(type='SmoothingAnonymizer', sigma=2.0))
