# Two attributes at once: the UNet against subject and gender.
_base_ = './adversarial_unet_stgcn_1xb16-15e_synthetic-trial-ntu25.py'

work = 'work_dirs/synthetic'  # classifiers trained before, see README.md beside this file
gender_head = dict(type='PrivacyHead', attribute='gender', num_classes=2)
model = dict(
    adversary=dict(
        members=dict(
            gender=dict(
                net={{_base_.model.recognizer.net}},
                head=gender_head,
                checkpoint=f'{work}/gender/epoch_35.pth',
            )
        )
    ),
    # Never trained against: they only evaluate.
    attackers=dict(
        gender_other_seed=dict(
            net={{_base_.model.recognizer.net}},
            head=gender_head,
            checkpoint=f'{work}/attacker_gender/epoch_35.pth',
        ),
    ),
    losses=dict(
        privacy=dict(attributes=['subject']),
        gender=dict(type='PrivacyEntropy', weight=3.0, attributes=['gender']),
    ),
)
attributes = ['subject', 'gender']
train_dataloader = dict(dataset=dict(attributes=attributes))
val_dataloader = dict(dataset=dict(attributes=attributes))
test_dataloader = dict(dataset=dict(attributes=attributes))
