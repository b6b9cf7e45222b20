# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Small models, batches and annotation files that several test modules build."""

import numpy as np
import torch
from mmaction.structures import ActionDataSample

from mmskanon.models import AdversaryBank, PrivacyHead
from mmskanon.registry import MODELS

LAYOUT = 'kinect_v1'


def tiny_net(head: dict, features=('j',), data_bn_type='VC', layout=LAYOUT) -> dict:
    """Config of a two-stage ST-GCN classifier."""
    return dict(
        type='SkeletonRecognizer',
        layout=layout,
        features=list(features),
        backbone=dict(
            type='STGCN',
            graph_cfg=dict(layout=layout, mode='stgcn_spatial'),
            in_channels=3 * len(features),
            base_channels=8,
            num_stages=2,
            inflate_stages=[],
            down_stages=[],
            data_bn_type=data_bn_type,
        ),
        cls_head=dict(in_channels=8, **head),
    )


@MODELS.register_module(force=True)
class LinearAdversary(AdversaryBank):
    """An adversary without batch statistics, so that gradients of parts add up to that of the whole."""

    def __init__(self, num_classes=4) -> None:
        torch.nn.Module.__init__(self)
        self.names, self.nets, self.backbone_of = ('subject',), {}, {}
        self.heads = torch.nn.ModuleDict(
            dict(subject=PrivacyHead('subject', num_classes=num_classes, in_channels=60))
        )

    def forward(self, skeletons, actions=None):
        """Logits from the mean pose."""
        return dict(subject=self.heads['subject'].fc(skeletons.mean((1, 2)).flatten(1)))


def action_head(num_classes=5) -> dict:
    """Config of an action head."""
    return dict(type='GCNHead', num_classes=num_classes)


def privacy_head(attribute='subject', num_classes=4) -> dict:
    """Config of a privacy head."""
    return dict(type='PrivacyHead', attribute=attribute, num_classes=num_classes)


def tiny_model(**overrides) -> dict:
    """Config of a whole adversarial model on 20 joints and one person."""
    cfg = dict(
        type='AdversarialAnonymization',
        anonymizer=dict(type='ResNetAnonymizer', layout=LAYOUT, num_person=1, num_blocks=2),
        recognizer=dict(net=tiny_net(action_head())),
        adversary=dict(
            type='AdversaryBank', members=dict(subject=dict(net=tiny_net(privacy_head())))
        ),
        losses=dict(
            action=dict(type='ActionCrossEntropy'),
            privacy=dict(type='PrivacyEntropy', weight=1.0),
            reconstruction=dict(type='ReconstructionMSE', weight=10.0),
        ),
    )
    cfg.update(overrides)
    return cfg


def batch(n=6, frames=16, persons=1, joints=20, actions=5, subjects=4, seed=0) -> dict:
    """A batch as a data loader with pseudo_collate gives it."""
    rng = np.random.default_rng(seed)
    inputs, samples = [], []
    for i in range(n):
        clip = rng.normal(scale=0.4, size=(1, persons, frames, joints, 3)).astype(np.float32)
        inputs.append(torch.from_numpy(clip))
        sample = ActionDataSample(metainfo=dict(frame_dir=f's{i}'))
        sample.set_gt_label(int(rng.integers(actions)))
        sample.gt_private = dict(subject=int(rng.integers(subjects)), gender=int(rng.integers(2)))
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def annotations(
    n_subjects=4, n_actions=3, trials=4, frames=20, joints=20, persons=1, seed=0, noise=0.01
) -> dict:
    """Annotations whose clips carry their action and subject in scale and offset of a random walk."""
    rng = np.random.default_rng(seed)
    body = rng.normal(scale=0.4, size=(joints, 3))
    samples = []
    for s in range(n_subjects):
        for a in range(n_actions):
            for t in range(trials):
                motion = np.sin(np.linspace(0, (a + 1) * 3, frames))[:, None, None] * 0.3
                clip = (
                    body * (1 + 0.2 * s)
                    + motion
                    + rng.normal(scale=noise, size=(frames, joints, 3))
                )
                clip = np.repeat(clip[None], persons, 0).astype(np.float32) + 2
                samples.append(
                    dict(
                        frame_dir=f'a{a + 1}_s{s + 1}_t{t + 1}',
                        label=a,
                        keypoint=clip,
                        total_frames=frames,
                        subject=s + 1,
                        trial=t + 1,
                    )
                )
    names = {
        part: [x['frame_dir'] for x in samples if (x['trial'] <= trials // 2) == (part == 'train')]
        for part in ('train', 'test')
    }
    return dict(split=names, annotations=samples)


PIPELINE = [
    dict(type='NormalizeSkeleton', layout=LAYOUT),
    dict(type='UniformSampleFrames', clip_len=12),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackSkeletonInputs'),
]


def training_config(folder, ann_file, max_epochs=2, workers=0, batch_size=4, **overrides) -> dict:
    """Config of a whole training run on a small annotation file, as a dict for ``Config``."""
    dataset = dict(
        type='PrivatePoseDataset',
        ann_file=str(ann_file),
        split='train',
        layout=LAYOUT,
        attributes=['subject'],
        pipeline=PIPELINE,
    )
    optimizer = dict(type='SGD', lr=0.01, momentum=0.9)
    cfg = dict(
        default_scope='mmskanon',
        work_dir=str(folder),
        model=tiny_model(recognizer=dict(net=tiny_net(action_head(3)))),
        train_dataloader=dict(
            batch_size=batch_size,
            num_workers=workers,
            persistent_workers=workers > 0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dataset,
        ),
        train_cfg=dict(type='AlternatingTrainLoop', max_epochs=max_epochs),
        optim_wrapper=dict(
            constructor='PartyOptimWrapperConstructor',
            anonymizer=dict(optimizer=optimizer),
            adversary=dict(optimizer=optimizer),
        ),
        param_scheduler=dict(
            anonymizer=[dict(type='MultiStepLR', milestones=[2], end=100)],
            adversary=[dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=10)],
        ),
        custom_hooks=[dict(type='ReproducibilityHook')],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        randomness=dict(seed=3),
        env_cfg=dict(dist_cfg=dict(backend='gloo')),
        visualizer=None,
        log_level='ERROR',
        experiment_name='test',
    )
    cfg.update(overrides)
    return cfg
