# Two attributes at once: the UNet against subject and gender. Genders come from a CSV file: tools/data/ntu.py --attributes.
_base_ = './adversarial_unet_shiftgcn_4xb16-140e_ntu60-xview-ntu25.py'

work = 'work_dirs/ntu60-xview'  # classifiers trained before, see README.md beside this file
gender_head = dict(type='PrivacyHead', attribute='gender', num_classes=2)
model = dict(
    adversary=dict(
        members=dict(
            gender=dict(
                net={{_base_.shiftgcn}},
                head=gender_head,
                checkpoint=f'{work}/gender_shiftgcn/epoch_140.pth',
            )
        )
    ),
    attackers=dict(
        gender_other_seed=dict(
            net={{_base_.shiftgcn}},
            head=gender_head,
            checkpoint=f'{work}/attacker_gender_shiftgcn/epoch_140.pth',
        )
    ),  # never trained against
    losses=dict(
        privacy=dict(attributes=['subject']),
        gender=dict(type='PrivacyEntropy', weight=3.0, attributes=['gender']),
    ),
)
attributes = ['subject', 'gender']
train_dataloader = dict(dataset=dict(attributes=attributes))
val_dataloader = dict(dataset=dict(attributes=attributes))
test_dataloader = dict(dataset=dict(attributes=attributes))
