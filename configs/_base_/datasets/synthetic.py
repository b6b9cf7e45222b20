# Synthetic skeletons, made by tools/data/synthetic.py. Odd trials train, even ones test; two of the actions are by two persons. Another data set
# of this layout changes these lines.
data_file = 'data/synthetic/synthetic.pkl'
train_split, test_split = 'train', 'test'
num_actions, num_subjects = 10, 8
layout = 'nturgb+d'
clip_len = 16
num_person = 2

# Whose bones and poses canonical anonymizers take.
population = dict(ann_file=data_file, split=train_split)
# What an adversary over the subjects reads.
subject_head = dict(type='PrivacyHead', attribute='subject', num_classes=num_subjects)

train_set = dict(
    type='PrivatePoseDataset',
    ann_file=data_file,
    split=train_split,
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
    type='PrivatePoseDataset',
    ann_file=data_file,
    split=test_split,
    train_split=train_split,
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
