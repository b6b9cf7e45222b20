# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What holds for every anonymizer."""

import copy
import doctest
import importlib
import math
import pickle

import pytest
import torch

from mmskanon.models.anonymizers import (
    BaseAnonymizer,
    GaussianNoiseAnonymizer,
    IdentityAnonymizer,
    ResNetAnonymizer,
    UNetAnonymizer,
)
from mmskanon.registry import MODELS
from mmskanon.skeletons import get_layout

CONFIGS = {
    'identity': dict(type='IdentityAnonymizer'),
    'noise': dict(type='GaussianNoiseAnonymizer', std=0.1, seed=0),
    'resnet': dict(type='ResNetAnonymizer', num_blocks=2, hidden_channels=32, last_std=None),
    'published': dict(
        type='ResNetAnonymizer', num_blocks=2, hidden_channels=32, last_std=None, published=True
    ),
    'unet': dict(type='UNetAnonymizer', base_channels=4, depth=2),
    'residual_unet': dict(type='UNetAnonymizer', base_channels=4, depth=2, residual=True),
    'autoencoder': dict(type='AutoencoderAnonymizer', hidden=(32,), code=12, code_relu=False),
    'lstm': dict(type='LSTMAutoencoderAnonymizer', hidden_channels=32),
    'smoothing': dict(type='SmoothingAnonymizer', sigma=1.5),
    'bones': dict(type='CanonicalBonesAnonymizer'),
    'rest_pose': dict(type='CanonicalRestPoseAnonymizer'),
    'body': dict(
        type='CanonicalBodyAnonymizer', anonymizer=dict(type='IdentityAnonymizer'), lengths='own'
    ),
    'body_unet': dict(
        type='CanonicalBodyAnonymizer',
        anonymizer=dict(type='UNetAnonymizer', base_channels=4, depth=2),
        lengths='random',
        rest_pose='own',
        seed=0,
    ),
}
THREE_DIMENSIONAL = ['bones', 'rest_pose', 'body', 'body_unet']
TRAINED = ['resnet', 'published', 'unet', 'residual_unet', 'autoencoder']


def body(layout) -> dict:
    """Bones of 20 cm, and a rest pose drawn at random."""
    layout = get_layout(layout)
    generator = torch.Generator().manual_seed(2)
    lengths = [0.2 * (joint != layout.root) for joint in range(layout.num_joints)]
    rest = torch.randn(layout.num_joints, 3, generator=generator)
    return dict(lengths=lengths, rest_directions=rest.tolist())


def config(name, **kwargs) -> dict:
    cfg = {**CONFIGS[name], **kwargs}
    known = body(cfg.get('layout', 'nturgb+d'))
    if name == 'bones':
        cfg['lengths'] = known['lengths']
    if name == 'rest_pose':
        cfg.update(known)
    if name in ('body', 'body_unet'):
        spread = [0.05] * len(known['lengths'])
        cfg['body'] = dict(known, size_spread=0.1, proportion_spread=spread)
    return cfg


def build(name, **kwargs):
    torch.manual_seed(0)
    return MODELS.build(config(name, **kwargs)).eval()


def skeletons(batch=3, persons=2, frames=9, joints=25, channels=3):
    """Random skeletons, of which some persons, frames and single joints are absent; and who is present."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(batch, persons, frames, joints, channels, generator=generator)
    x[:, -1, 1::3] = 0
    x[0, :, frames // 2 :] = 0
    x[-1, -1] = 0
    x[1, 0, 2, :5] = 0
    return x, (x != 0).any(-1).any(-1)


@pytest.mark.parametrize('name', CONFIGS)
@pytest.mark.parametrize('training', [True, False])
def test_keeps_shape_and_absence(name, training):
    x, present = skeletons()
    out = build(name).train(training)(x)
    assert out.shape == x.shape and out.dtype == x.dtype
    assert not out[~present].any() and not out[~present].signbit().any()
    assert out[present].any(-1).any(-1).all()


@pytest.mark.parametrize('name', CONFIGS)
def test_absent_persons_get_and_give_no_gradient(name):
    x, present = skeletons()
    x.requires_grad_()
    anonymizer = build(name)
    (grad,) = torch.autograd.grad(anonymizer(x)[~present].sum(), x, allow_unused=True)
    assert grad is None or not grad.any()
    (grad,) = torch.autograd.grad(anonymizer(x).square().sum(), x)
    assert grad[present].any()


@pytest.mark.parametrize('name', CONFIGS)
def test_can_be_sent_to_other_processes(name):
    x, _ = skeletons()
    anonymizer = build(name)
    sent = pickle.loads(pickle.dumps(anonymizer))
    torch.testing.assert_close(sent(x), anonymizer(x), rtol=0, atol=0)


def test_absent_persons_stay_zero_whatever_the_network_says():
    class Broken(BaseAnonymizer):
        def transform(self, coords, present):
            return coords * math.nan

    x, present = skeletons()
    out = Broken()(x)
    assert not out[~present].any() and out[present].isnan().all()


@pytest.mark.parametrize('name', CONFIGS)
def test_frames_of_framewise_anonymizers_stand_alone(name):
    x, present = skeletons()
    anonymizer = build(name)
    changed = x.clone()
    changed[1, 0, 4, ::2] += 0.3
    difference = (anonymizer(changed) - anonymizer(x)).abs().sum((3, 4))
    elsewhere = difference.clone()
    elsewhere[1, :, 4] = 0
    assert difference[1, 0, 4] > 0
    if anonymizer.framewise:
        assert elsewhere.max() < 1e-5 and anonymizer.receptive_field == 1
    else:
        assert elsewhere[1].max() > 1e-4 and anonymizer.receptive_field != 1
    # Clips never mix in eval mode.
    assert elsewhere[[0, 2]].max() < 1e-5


@pytest.mark.parametrize('name', [n for n in CONFIGS if n not in THREE_DIMENSIONAL])
@pytest.mark.parametrize('layout', ['coco', 'openpose'])
def test_scores_pass_through(name, layout):
    joints = {'coco': 17, 'openpose': 18}[layout]
    x, present = skeletons(joints=joints)
    anonymizer = build(name, layout=layout)
    out = anonymizer(x)
    assert torch.equal(out[..., 2], x[..., 2])
    # The coordinates do not depend on the scores, and a score alone makes nobody present.
    other = x.clone()
    other[..., 2] = 0.5
    assert torch.equal(anonymizer(other)[..., :2], out[..., :2])
    assert not anonymizer(other)[..., :2][~present].any()


@pytest.mark.parametrize('name', CONFIGS)
@pytest.mark.parametrize('persons', [1, 3])
def test_other_layouts_and_numbers_of_persons(name, persons):
    x, _ = skeletons(persons=persons, joints=20)
    assert build(name, layout='kinect_v1', num_person=persons)(x).shape == x.shape
    tail = dict(joints=list('abc'), parents=[0, 0, 1], center=0)
    x, _ = skeletons(persons=persons, joints=3)
    assert build(name, layout=tail, num_person=persons)(x).shape == x.shape


@pytest.mark.parametrize('name', CONFIGS)
def test_types(name):
    x, _ = skeletons()
    anonymizer = build(name)
    out = anonymizer(x)
    # The parameters stay in float32; the input's type comes back.
    assert anonymizer(x.double()).dtype == torch.float64
    assert anonymizer(x.bfloat16()).dtype == torch.bfloat16
    torch.testing.assert_close(anonymizer.double()(x), out, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize('name', [*TRAINED, 'lstm'])
def test_autocast_rounds_inside_only(name):
    x, present = skeletons()
    anonymizer = build(name)
    with torch.autocast('cpu', torch.bfloat16):
        out = anonymizer(x)
    assert out.dtype == torch.float32
    assert not out[~present].any()
    # Were the last operation done in half precision, all coordinates would survive this.
    rounded = out[present].bfloat16().float()
    assert (rounded != out[present]).float().mean() > 0.5
    torch.testing.assert_close(out, anonymizer(x), atol=0.1, rtol=0.1)


@pytest.mark.parametrize('name', CONFIGS)
def test_copies_and_state_dicts(name):
    x, _ = skeletons()
    anonymizer = build(name)
    assert torch.equal(copy.deepcopy(anonymizer)(x), anonymizer(x))
    fresh = MODELS.build(config(name)).eval()
    fresh.load_state_dict(anonymizer.state_dict())
    assert torch.equal(fresh(x), anonymizer(x))


@pytest.mark.parametrize('name', ['identity', *TRAINED])
def test_can_be_compiled_and_exported(name):
    x, _ = skeletons(frames=9)
    longer, _ = skeletons(frames=14)
    anonymizer = build(name)
    compiled = torch.compile(anonymizer, backend='eager', fullgraph=True)
    torch.testing.assert_close(compiled(x), anonymizer(x))
    frames = torch.export.Dim('frames', min=5, max=500)
    program = torch.export.export(anonymizer, (x,), dynamic_shapes=({2: frames},))
    for clip in (x, longer):
        torch.testing.assert_close(program.module()(clip), anonymizer(clip))


@pytest.mark.parametrize('name', CONFIGS)
def test_wrong_input_names_both_numbers(name):
    anonymizer = build(name)
    with pytest.raises(ValueError, match=r'20 joints.*nturgb\+d.*25'):
        anonymizer(torch.randn(1, 2, 8, 20, 3))
    with pytest.raises(ValueError, match=r'2 person\(s\), found 1'):
        anonymizer(torch.randn(1, 1, 8, 25, 3))
    with pytest.raises(ValueError, match='at least 3 coordinates a joint, found 2'):
        anonymizer(torch.randn(1, 2, 8, 25, 2))
    with pytest.raises(ValueError, match=r'\(2, 8, 25, 3\)'):
        anonymizer(torch.randn(2, 8, 25, 3))
    with pytest.raises(TypeError, match='int64'):
        anonymizer(torch.ones(1, 2, 8, 25, 3, dtype=torch.int64))


def test_mistakes_in_the_config_fail_when_built():
    with pytest.raises(ValueError, match='num_person must be at least 1'):
        IdentityAnonymizer(num_person=0)
    with pytest.raises(ValueError, match='num_coords must be 2 or 3'):
        IdentityAnonymizer(num_coords=4)
    with pytest.raises(ValueError, match='num_blocks'):
        ResNetAnonymizer(num_blocks=0)
    with pytest.raises(ValueError, match='depth'):
        UNetAnonymizer(depth=-1)
    for std in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match='std must be'):
            GaussianNoiseAnonymizer(std=std)


def test_identity_changes_nothing():
    x, _ = skeletons(channels=4)
    assert torch.equal(build('identity')(x), x)


@pytest.mark.parametrize(
    'module',
    [
        *(
            'base',
            'identity',
            'gaussian_noise',
            'resnet',
            'unet',
            'autoencoder',
            'lstm_autoencoder',
        ),
        *('smoothing', 'canonical_bones', 'canonical_rest_pose', 'canonical_body'),
    ],
)
def test_examples(module):
    results = doctest.testmod(importlib.import_module(f'mmskanon.models.anonymizers.{module}'))
    assert results.attempted >= 3 and results.failed == 0
