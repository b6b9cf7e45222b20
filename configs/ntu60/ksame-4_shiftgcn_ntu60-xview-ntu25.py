# k-same motion: every clip becomes the average of clips of 4 people of the training cameras who do the same, drawn anew each time. For
# testing only.
_base_ = './baseline_identity_shiftgcn_ntu60-xview-ntu25.py'

model = dict(
    anonymizer=dict(
        type='KSameAnonymizer',
        k=4,
        recognizer={{_base_.model.recognizer}},
        population=dict(ann_file='data/ntu/ntu60.pkl', split='xview_train', center='every_frame'),
        clip_len={{_base_.clip_len}},
    )
)
