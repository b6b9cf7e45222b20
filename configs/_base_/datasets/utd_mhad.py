# UTD-MHAD, converted by tools/data/utd_mhad.py. Trials 1 and 2 train, 3 and 4 test; 27 actions, 8 subjects.
layout = 'kinect_v1'
clip_len = 64

# Whose bones and poses canonical anonymizers take.
population = dict(ann_file='data/utd_mhad/utd_mhad.pkl', split='train')

train_set = dict(
    _delete_=True,
    type='PrivatePoseDataset',
    ann_file='data/utd_mhad/utd_mhad.pkl',
    split='train',
    layout=layout,
    attributes=['subject'],
    allow_short=True,
    pipeline=[
        dict(type='NormalizeSkeleton', layout=layout),
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
    ann_file='data/utd_mhad/utd_mhad.pkl',
    split='test',
    train_split='train',
    layout=layout,
    attributes=['subject'],
    allow_short=True,
    test_mode=True,
    pipeline=[
        dict(type='NormalizeSkeleton', layout=layout),
        dict(type='UniformSampleFrames', clip_len=clip_len, num_clips=1, test_mode=True),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=1),
        # For anonymizers that ask for the subject.
        dict(type='PackSkeletonInputs', meta_keys=('frame_dir', 'subject')),
    ],
)
