# Gaussian noise of 15 cm on every joint. For testing only.
_base_ = './baseline_identity_stgcn_synthetic-trial-ntu25.py'

model = dict(anonymizer=dict(type='GaussianNoiseAnonymizer', std=0.15, seed=0))
