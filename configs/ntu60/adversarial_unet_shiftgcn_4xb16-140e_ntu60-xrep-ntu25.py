# The paper's UNet against Shift-GCN on NTU RGB+D 60, disjoint takes.
_base_ = '../ntu60/adversarial_unet_shiftgcn_4xb16-140e_ntu60-xview-ntu25.py'

work = 'work_dirs/ntu60-xrep'  # classifiers trained before, see README.md beside this file
model = dict(
    recognizer=dict(checkpoint=f'{work}/action_shiftgcn/epoch_140.pth'),
    adversary=dict(members=dict(subject=dict(checkpoint=f'{work}/subject_shiftgcn/epoch_140.pth'))),
    attackers=dict(other_seed=dict(checkpoint=f'{work}/attacker_shiftgcn/epoch_140.pth')),
)
train_dataloader = dict(dataset=dict(split=dict(_delete_=True, rule='xrep', part='train')))
val_dataloader = dict(
    dataset=dict(
        split=dict(_delete_=True, rule='xrep', part='test'),
        train_split=dict(_delete_=True, rule='xrep', part='train'),
    )
)
test_dataloader = dict(
    dataset=dict(
        split=dict(_delete_=True, rule='xrep', part='test'),
        train_split=dict(_delete_=True, rule='xrep', part='train'),
    )
)
