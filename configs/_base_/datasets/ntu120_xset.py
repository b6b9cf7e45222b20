# NTU RGB+D 120, converted by tools/data/ntu.py. Even setups train, odd ones test; 120 actions, 106 subjects.
_base_ = './ntu60_xview.py'

train_set = dict(ann_file='data/ntu/ntu120.pkl', split='xset_train')
test_set = dict(ann_file='data/ntu/ntu120.pkl', split='xset_val', train_split='xset_train')
action_head = dict(num_classes=120)
subject_head = dict(num_classes=106)
