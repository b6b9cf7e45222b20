# The paper's UNet against Shift-GCN on NTU RGB+D 60, cross-view.
_base_ = [
    '../_base_/schedules/adversarial_140e.py',
    '../_base_/datasets/ntu60_xview.py',
    '../_base_/nets/shiftgcn_ntu25.py',
    '../_base_/anonymizers/unet.py',
]

work = 'work_dirs/ntu60-xview'  # classifiers trained before, see README.md beside this file
model = dict(
    type='AdversarialAnonymization',
    anonymizer={{_base_.unet.anonymizer}},
    losses={{_base_.unet.losses}},
    recognizer=dict(
        net={{_base_.shiftgcn}},
        head={{_base_.action_head}},
        checkpoint=f'{work}/action_shiftgcn/epoch_140.pth',
    ),
    adversary=dict(
        type='AdversaryBank',
        members=dict(
            subject=dict(
                net={{_base_.shiftgcn}},
                head={{_base_.subject_head}},
                checkpoint=f'{work}/subject_shiftgcn/epoch_140.pth',
            )
        ),
    ),
    attackers=dict(
        other_seed=dict(
            net={{_base_.shiftgcn}},
            head={{_base_.subject_head}},
            checkpoint=f'{work}/attacker_shiftgcn/epoch_140.pth',
        )
    ),  # never trained against
)
optim_wrapper = {{_base_.unet.optim_wrapper}}
train_dataloader = dict(dataset={{_base_.train_set}})
val_dataloader = dict(dataset={{_base_.test_set}})
test_dataloader = dict(dataset={{_base_.test_set}})
val_evaluator = {{_base_.party_evaluator}}
test_evaluator = {{_base_.party_evaluator}}
