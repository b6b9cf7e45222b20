# NTU RGB+D 60, converted by tools/data/ntu.py. Cameras 2 and 3 train, camera 1 tests; 60 actions, 40 subjects. Three cameras film each
# take at once, so that nearly all test clips show a take that training saw: ntu60_xrep.py has disjoint takes.
layout = 'nturgb+d'
clip_len = 300
num_person = 2

# Pre-processing of the paper's released code (Moon et al., AAAI 2023): every frame centred on the first person's spine, turned by the first
# frame, and repeated up to 300 frames, which is the length of the longest recording.
pipeline = [
    dict(type='NormalizeSkeleton', layout=layout, center='every_frame'),
    dict(type='PadTo', length=clip_len, mode='loop'),
    dict(type='FormatGCNInput', num_person=num_person),
    # The subject is for anonymizers that ask for it; the take is read from the name.
    dict(type='PackSkeletonInputs', meta_keys=('frame_dir', 'subject')),
]

train_set = dict(
    _delete_=True,
    type='PrivatePoseDataset',
    ann_file='data/ntu/ntu60.pkl',
    split='xview_train',
    layout=layout,
    attributes=['subject'],
    pipeline=pipeline,
)
test_set = dict(
    # MMEngine obeys _delete_ at the first use of a base variable only, so the scope of the stock data set is replaced by hand.
    _delete_=True,
    _scope_='mmskanon',
    type='PrivatePoseDataset',
    ann_file='data/ntu/ntu60.pkl',
    split='xview_val',
    train_split='xview_train',
    layout=layout,
    attributes=['subject'],
    test_mode=True,
    pipeline=pipeline,
)
action_head = dict(num_classes=60)
subject_head = dict(type='PrivacyHead', attribute='subject', num_classes=40)
