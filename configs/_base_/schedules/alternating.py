# What alternating training needs beside its loop: every party's metrics, and one gradient reducer per party.
party_evaluator = [
    dict(type='ActionAccuracy'),
    dict(type='PrivacyAccuracy'),
    dict(type='SkeletonFidelity'),
    dict(type='PrivacyUtilityArea'),
]
model_wrapper_cfg = dict(type='PartyDistributedDataParallel')
