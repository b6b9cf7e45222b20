# The autoencoder learns to reproduce ETRI-Activity3D, split by subject.
_base_ = [
    '../_base_/recipes/skeleton.py',
    '../_base_/datasets/etri_gender.py',
    '../_base_/anonymizers/autoencoder_etri.py',
]

model = dict(
    type='AdversarialAnonymization',
    anonymizer=dict(type='AutoencoderAnonymizer', num_person=1),
    losses=dict(reconstruction=dict(type='ReconstructionMSE')),
)
auto_scale_lr = dict(enable=False, base_batch_size=2000)
train_cfg = dict(
    type='AlternatingTrainLoop', max_epochs=100, val_interval=10, cycle=[('anonymizer', 1)]
)
optim_wrapper = {{_base_.autoencoder.pretrain_optim_wrapper}}
param_scheduler = {{_base_.autoencoder.pretrain_param_scheduler}}
model_wrapper_cfg = dict(type='PartyDistributedDataParallel')
train_dataloader = dict(batch_size=1000, dataset={{_base_.train_set}})
val_dataloader = dict(dataset={{_base_.test_set}})
test_dataloader = dict(dataset={{_base_.test_set}})
val_evaluator = [dict(type='SkeletonFidelity')]
test_evaluator = [dict(type='SkeletonFidelity')]
