# Every bone with the median length of the training subjects, directions kept. For testing only.
_base_ = './baseline_identity_stgcn_utd-mhad-trial-kinect20.py'

model = dict(anonymizer=dict(type='CanonicalBonesAnonymizer', population={{_base_.population}}))
