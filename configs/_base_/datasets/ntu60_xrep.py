# NTU RGB+D 60 with disjoint takes: every subject and every action on both sides, but no performance in common.
# A rule draws them, not a list of the file, so that MMAction2's own file serves as well; tools/data/ntu.py lists the same as xrep_train and xrep_val.
_base_ = './ntu60_xview.py'

train_set = dict(split=dict(_delete_=True, rule='xrep', part='train'))
test_set = dict(
    split=dict(_delete_=True, rule='xrep', part='test'),
    train_split=dict(_delete_=True, rule='xrep', part='train'),
)
