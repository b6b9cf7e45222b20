# Gaussian noise of 5 cm on every joint. For testing only.
_base_ = './baseline_identity_stgcn_utd-mhad-trial-kinect20.py'

model = dict(anonymizer=dict(type='GaussianNoiseAnonymizer', std=0.05, seed=0))
