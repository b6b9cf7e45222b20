# What an adversary over eight subjects reads. UTD-MHAD has eight, and so have the synthetic data.
subject_head = dict(type='PrivacyHead', attribute='subject', num_classes=8)
