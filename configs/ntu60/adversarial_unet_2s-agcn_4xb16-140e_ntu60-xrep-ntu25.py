# The paper's UNet against 2s-AGCN on NTU RGB+D 60, disjoint takes.
_base_ = '../ntu60/adversarial_unet_2s-agcn_4xb16-140e_ntu60-xview-ntu25.py'

work = 'work_dirs/ntu60-xrep'  # classifiers trained before, see README.md beside this file
model = dict(
    recognizer=dict(
        nets=dict(
            joint=dict(checkpoint=f'{work}/action_2s-agcn-joint/epoch_50.pth'),
            bone=dict(checkpoint=f'{work}/action_2s-agcn-bone/epoch_50.pth'),
        )
    ),
    adversary=dict(
        members=dict(
            subject_joint=dict(checkpoint=f'{work}/subject_2s-agcn-joint/epoch_50.pth'),
            subject_bone=dict(checkpoint=f'{work}/subject_2s-agcn-bone/epoch_50.pth'),
        )
    ),
    attackers=dict(
        other_seed=dict(
            nets=dict(
                joint=dict(checkpoint=f'{work}/attacker_2s-agcn-joint/epoch_50.pth'),
                bone=dict(checkpoint=f'{work}/attacker_2s-agcn-bone/epoch_50.pth'),
            )
        )
    ),
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
