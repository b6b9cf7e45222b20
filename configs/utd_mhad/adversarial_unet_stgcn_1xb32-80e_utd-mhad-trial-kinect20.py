# The paper's method on UTD-MHAD: UNet anonymizer, narrowed to 16 base channels, against one ST-GCN adversary.
_base_ = [
    './action_stgcn_1xb32-40e_utd-mhad-trial-kinect20.py',
    '../_base_/anonymizers/unet.py',
    '../_base_/schedules/alternating.py',
]

# Trained before, by the configs of the same names.
action_checkpoint = 'work_dirs/action_stgcn_1xb32-40e_utd-mhad-trial-kinect20/epoch_40.pth'
subject_checkpoint = 'work_dirs/subject_stgcn_1xb32-40e_utd-mhad-trial-kinect20/epoch_40.pth'
subject_head = dict(type='PrivacyHead', attribute='subject', num_classes=8)

model = dict(
    _delete_=True,
    type='AdversarialAnonymization',
    anonymizer=dict(
        type='UNetAnonymizer', layout='kinect_v1', num_person=1, base_channels=16
    ),
    recognizer=dict(net={{_base_.model}}, checkpoint=action_checkpoint),
    adversary=dict(
        type='AdversaryBank',
        members=dict(
            subject=dict(net={{_base_.model}}, head=subject_head, checkpoint=subject_checkpoint)
        ),
    ),
    losses={{_base_.losses}},
)

train_cfg = dict(_delete_=True, type='AlternatingTrainLoop', max_epochs=80, val_interval=20)
optim_wrapper = {{_base_.party_optim_wrapper}}
param_scheduler = None
val_evaluator = {{_base_.party_evaluator}}
test_evaluator = {{_base_.party_evaluator}}
