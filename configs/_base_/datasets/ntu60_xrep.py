# NTU RGB+D 60 with disjoint takes: every subject and every action on both sides, but no performance in common.
_base_ = './ntu60_xview.py'

train_set = dict(split='xrep_train')
test_set = dict(split='xrep_val', train_split='xrep_train')
