# k-same motion of 8 donors without the habits of timing of each person, for the whole of NTU RGB+D 60, whose subjects are known. For testing
# only.
_base_ = './ksame-4_shiftgcn_ntu60-xview-ntu25.py'

model = dict(
    anonymizer=dict(
        type='CentredTimingAnonymizer',
        k=8,
        strength=None,  # found for each action
        collection=dict(ann_file='data/ntu/ntu60.pkl', center='every_frame'),
    )
)
