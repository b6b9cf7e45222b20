# UTD-MHAD, converted by tools/data/utd_mhad.py. Trials 1 and 2 train, 3 and 4 test. Another data set of this layout changes these lines.
data_file = 'data/utd_mhad/utd_mhad.pkl'
train_split, test_split = 'train', 'test'
num_actions, num_subjects = 27, 8
layout, num_joints = 'kinect_v1', 20
num_person = 1
clip_len = 64
# What centred-4_stgcn-fit_... makes and the student of k-same motion imitates.
targets = [f'data/utd_mhad/centred-4-fit-{draw}.pkl' for draw in range(4)]

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
    allow_short=True,
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
    allow_short=True,
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
# The student's: persons of a clip and of its target, and the training part as it is tested, in place of the test part.
num_person_with_target = 2 * num_person
train_set_tested = dict(test_set, _delete_=True, split=train_split, train_split=None)
