# k-same motion with 4 donors, without habits of timing, of three quarters of the training clips, to make the targets of the student.
_base_ = './centred-4_stgcn_utd-mhad-trial-kinect20.py'

fit = dict(_delete_=True, rule='holdout', part='train', of={{_base_.train_split}})

model = dict(
    anonymizer=dict(
        population=dict(split=fit),
        collection=dict(split=dict(rule='holdout', part='train', of={{_base_.train_split}})),
    )
)
