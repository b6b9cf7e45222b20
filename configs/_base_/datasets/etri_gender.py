# ETRI-Activity3D, converted by tools/data/etri.py: genders of subjects that training does not show (those divisible by 3), as in the
# earlier code release. 55 action classes, of which those of two persons are empty; clips of 300 frames, shorter ones repeated.
layout = 'nturgb+d'
clip_len = 300

train_set = dict(
    _delete_=True,
    type='PrivatePoseDataset',
    ann_file='data/etri/etri.pkl',
    split='xsub_train',
    layout=layout,
    attributes=['gender'],
    allow_short=True,
    pipeline=[
        dict(type='NormalizeSkeleton', layout=layout, center='every_frame'),
        dict(type='UniformSampleFrames', clip_len=clip_len),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=1),
        dict(type='PackSkeletonInputs'),
    ],
)
test_set = dict(
    # MMEngine obeys _delete_ at the first use of a base variable only, so the scope of the stock data set is replaced by hand.
    _delete_=True,
    _scope_='mmskanon',
    type='PrivatePoseDataset',
    ann_file='data/etri/etri.pkl',
    split='xsub_val',
    train_split='xsub_train',
    layout=layout,
    attributes=['gender'],
    allow_short=True,
    test_mode=True,
    pipeline=[
        dict(type='NormalizeSkeleton', layout=layout, center='every_frame'),
        dict(type='UniformSampleFrames', clip_len=clip_len, num_clips=1, test_mode=True),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=1),
        # For anonymizers that ask for the subject or make use of the take.
        dict(type='PackSkeletonInputs', meta_keys=('frame_dir', 'subject', 'trial')),
    ],
)
action_head = dict(num_classes=55)
gender_head = dict(type='PrivacyHead', attribute='gender', num_classes=2)
