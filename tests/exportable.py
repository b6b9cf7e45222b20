# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Small anonymizers of every kind that can be exported."""

import torch
from mmengine.registry import init_default_scope

from mmskanon.registry import MODELS

ARM = dict(
    name='arm',
    joints=['hip', 'spine', 'right_shoulder', 'left_shoulder', 'hand'],
    parents=[0, 0, 1, 1, 3],
    center='spine',
    spine=('hip', 'spine'),
    shoulders=('right_shoulder', 'left_shoulder'),
)
BODY = dict(
    lengths=[0, 0.3, 0.2, 0.2, 0.5],
    rest_directions=[[0, 0, 0], [0, 0, 1], [1, 0, 0.2], [-1, 0, 0.2], [0, 0.3, -1]],
)
UNET = dict(type='UNetAnonymizer', base_channels=4, depth=2)
EXPORTABLE = {
    'identity': dict(type='IdentityAnonymizer'),
    'smoothing': dict(type='SmoothingAnonymizer', sigma=1),
    'resnet': dict(type='ResNetAnonymizer', num_blocks=2, last_std=None),
    'unet': UNET,
    'paper_unet': dict(type='UNetAnonymizer', base_channels=2, residual=True),
    'autoencoder': dict(type='AutoencoderAnonymizer', hidden=(12,), code=5, code_relu=False),
    'lstm': dict(type='LSTMAutoencoderAnonymizer', hidden_channels=8),
    'bones': dict(type='CanonicalBonesAnonymizer', lengths=BODY['lengths']),
    'rest_pose': dict(type='CanonicalRestPoseAnonymizer', **BODY),
    'canonical_unet': dict(
        type='CanonicalBodyAnonymizer',
        anonymizer=dict(UNET, residual=True, last_std=1e-2),
        rest_pose='canonical',
        body=BODY,
    ),
    'quiet_code': dict(type='NoisyCodeAnonymizer', channels=8, noise=0.0, lengths=BODY['lengths']),
}


def ready(name: str, persons: int = 2, normalization: dict | None = None, **changes):
    """An anonymizer with fixed weights, in eval mode, that knows its normalization."""
    init_default_scope('mmskanon')  # whatever a test before has left
    torch.manual_seed(0)
    cfg = {**EXPORTABLE.get(name, {}), 'layout': ARM, 'num_person': persons, **changes}
    anonymizer = MODELS.build(cfg).eval().requires_grad_(False)
    anonymizer.normalization = dict(layout=cfg['layout'], **(normalization or {}))
    return anonymizer
