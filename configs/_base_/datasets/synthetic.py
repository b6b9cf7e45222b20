# Synthetic skeletons, made by tools/data/synthetic.py. Odd trials train, even ones test; 10 actions (two of them by two persons), 8 subjects.
layout = 'nturgb+d'
clip_len = 16
num_person = 2

# Whose bones and poses canonical anonymizers take.
population = dict(ann_file='data/synthetic/synthetic.pkl', split='train')

train_set = dict(
    _delete_=True,
    type='PrivatePoseDataset',
    ann_file='data/synthetic/synthetic.pkl',
    split='train',
    layout=layout,
    attributes=['subject'],
    pipeline=[
        dict(type='NormalizeSkeleton', layout=layout),
        dict(type='UniformSampleFrames', clip_len=clip_len),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=num_person),
        dict(type='PackSkeletonInputs'),
    ],
)
test_set = dict(
    # MMEngine obeys _delete_ at the first use of a base variable only, so the scope of the stock data set is replaced by hand.
    _delete_=True,
    _scope_='mmskanon',
    type='PrivatePoseDataset',
    ann_file='data/synthetic/synthetic.pkl',
    split='test',
    train_split='train',
    layout=layout,
    attributes=['subject'],
    test_mode=True,
    pipeline=[
        dict(type='NormalizeSkeleton', layout=layout),
        dict(type='UniformSampleFrames', clip_len=clip_len, num_clips=1, test_mode=True),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=num_person),
        # For anonymizers that ask for the subject.
        dict(type='PackSkeletonInputs', meta_keys=('frame_dir', 'subject')),
    ],
)
