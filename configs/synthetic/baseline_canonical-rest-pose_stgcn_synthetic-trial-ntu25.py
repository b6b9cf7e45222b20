# Canonical bones, and the mean posture of each person moved to that of the training subjects. For testing only.
_base_ = './baseline_identity_stgcn_synthetic-trial-ntu25.py'

model = dict(anonymizer=dict(type='CanonicalRestPoseAnonymizer', population={{_base_.population}}))
