# k-same motion of 8 donors without the habits of timing of each person, for a collection whose subjects are known. To be exported with
# tools/anonymize.py; collection.ann_file is the file that is released.
_base_ = './ksame-8_stgcn_utd-mhad-trial-kinect20.py'

model = dict(
    anonymizer=dict(
        type='CentredTimingAnonymizer',
        strength=None,  # found for each action
        collection=dict(ann_file={{_base_.data_file}}),
    )
)
