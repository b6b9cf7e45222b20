# Gaussian noise on every joint, a baseline of the earlier code release (desertfex/skeleton-anonymization, model/randomnoise.py). Its standard
# deviation is 1 m by default there, which leaves nothing; 5 cm here. For testing only.
_base_ = './baseline_identity_shiftgcn_etri-xsub-ntu25.py'

model = dict(anonymizer=dict(type='GaussianNoiseAnonymizer', std=0.05, seed=0))
