# k-same motion of 4 donors without the habits of timing of each person, for a collection whose subjects are known; collection.ann_file is
# the file that is released. For testing only.
_base_ = './ksame-4_stgcn_synthetic-trial-ntu25.py'

model = dict(
    anonymizer=dict(
        type='CentredTimingAnonymizer',
        strength=None,  # found for each action
        collection=dict(ann_file={{_base_.data_file}}),
    )
)
