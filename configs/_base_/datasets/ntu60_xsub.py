# NTU RGB+D 60 by subjects: 20 train, 20 others test. For action recognition alone, since no classifier can name a subject that it never saw.
_base_ = './ntu60_xview.py'

train_set = dict(split='xsub_train', attributes=[])
test_set = dict(split='xsub_val', train_split='xsub_train', attributes=[])
