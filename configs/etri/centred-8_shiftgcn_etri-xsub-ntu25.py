# k-same motion of 8 donors without the habits of timing of each person, for the whole of ETRI-Activity3D, whose subjects are known. For
# testing only.
_base_ = './ksame-4_shiftgcn_etri-xsub-ntu25.py'

model = dict(
    anonymizer=dict(
        type='CentredTimingAnonymizer',
        k=8,
        strength=None,  # found for each action
        collection=dict(ann_file='data/etri/etri.pkl', center='every_frame'),
    )
)
