# Gaussian smoothing over time, sigma 2 frames. For testing only.
_base_ = './baseline_identity_stgcn_synthetic-trial-ntu25.py'

model = dict(anonymizer=dict(type='SmoothingAnonymizer', sigma=2.0))
