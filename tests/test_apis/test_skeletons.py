# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy
import doctest
import threading

import numpy as np
import pytest
import torch
from builders import LAYOUT, PIPELINE, annotations, tiny_model
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmskanon.apis import anonymize_keypoints, anonymize_skeletons, init_anonymizer, skeletons
from mmskanon.models import BaseAnonymizer
from mmskanon.models.anonymizers import (
    CanonicalBodyAnonymizer,
    GaussianNoiseAnonymizer,
    NoisyCodeAnonymizer,
    UNetAnonymizer,
)
from mmskanon.registry import MODELS
from mmskanon.skeletons import get_layout

JOINTS = get_layout(LAYOUT).num_joints
LENGTHS = [0.0 if j == get_layout(LAYOUT).root else 0.1 + 0.01 * j for j in range(JOINTS)]


class Raise(BaseAnonymizer):
    """Lifts every body by a tenth of a metre in body space."""

    framewise = True

    def transform(self, coords, present):
        return coords + torch.tensor([0.0, 0.0, 0.1])


def ready(anonymizer, **normalization):
    anonymizer.normalization = dict(layout=anonymizer.layout, **normalization)
    return anonymizer.eval()


def clip(persons=1, frames=12, seed=0, scores=0):
    rng = np.random.default_rng(seed)
    pose = rng.normal(scale=0.4, size=(persons, 1, JOINTS, 3)) + [0, 0, 3]
    walk = pose + rng.normal(scale=0.02, size=(persons, frames, JOINTS, 3)).cumsum(1)
    return np.concatenate([walk, rng.random((persons, frames, JOINTS, scores))], -1)


def config(**anonymizer):
    cfg = dict(
        default_scope='mmskanon',
        model=tiny_model(),
        test_dataloader=dict(dataset=dict(pipeline=PIPELINE)),
    )
    if anonymizer:
        cfg['model']['anonymizer'] = dict(layout=LAYOUT, num_person=1, **anonymizer)
    return Config(cfg)


class TestInit:
    def test_from_a_file_with_checkpoint_and_overrides(self, tmp_path):
        init_default_scope('mmskanon')
        model = MODELS.build(copy.deepcopy(config().model))
        torch.save(dict(state_dict=model.state_dict()), tmp_path / 'model.pth')
        config().dump(tmp_path / 'config.py')
        options = {'test_dataloader.dataset.pipeline.0.center': 'every_frame'}
        built = init_anonymizer(tmp_path / 'config.py', tmp_path / 'model.pth', cfg_options=options)
        assert built.normalization == dict(layout=LAYOUT, center='every_frame')
        expected = model.anonymizer.state_dict()
        assert all(torch.equal(v, expected[k]) for k, v in built.state_dict().items())
        assert not built.training and not any(p.requires_grad for p in built.parameters())
        walk = annotations()['annotations'][0]['keypoint']
        np.testing.assert_array_equal(
            anonymize_skeletons(built, walk),
            anonymize_keypoints(walk, built, dict(layout=LAYOUT, center='every_frame')),
        )

    def test_a_config_in_memory_is_left_as_it_is(self):
        cfg = config(type='GaussianNoiseAnonymizer', std=0.1)
        built = init_anonymizer(cfg, cfg_options={'model.anonymizer.std': 0.2})
        assert built.std == 0.2 and cfg.model.anonymizer.std == 0.1
        assert GaussianNoiseAnonymizer(0.1).normalization is None

    def test_what_is_missing_is_named(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r'nowhere.py does not exist; give the path'):
            init_anonymizer(tmp_path / 'nowhere.py')
        with pytest.raises(ValueError, match='ResNetAnonymizer has weights; give the checkpoint'):
            init_anonymizer(config())
        with pytest.raises(ValueError, match='device cuba cannot be used here .*; leave it out'):
            init_anonymizer(config(), device='cuba')
        with pytest.raises(ValueError, match='no NormalizeSkeleton'):
            cfg = config(type='IdentityAnonymizer')
            cfg.test_dataloader.dataset.pipeline = []
            init_anonymizer(cfg)


@settings(max_examples=40, deadline=None)
@given(
    dtype=st.sampled_from([*'efdg', torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    persons=st.integers(0, 3),
    scores=st.integers(0, 2),
)
def test_what_comes_out_is_what_went_in(dtype, persons, scores):
    given = clip(max(persons, 1), scores=scores)
    given[2:, :, :, :] = 0  # the third person is beyond those that the anonymizer is for
    given = given if persons else given[0]  # 0: without the axis of persons
    kind = torch.from_numpy(given).to(dtype) if isinstance(dtype, torch.dtype) else None
    kind = given.astype(dtype) if kind is None else kind
    before = copy.deepcopy(kind)
    out = anonymize_skeletons(ready(Raise(LAYOUT, 2)), kind)
    assert type(out) is type(kind) and out.dtype == kind.dtype and out.shape == kind.shape
    assert (before == kind).all()
    as_double = np.asarray(kind.double() if isinstance(kind, torch.Tensor) else kind, float)
    out = np.asarray(out.double() if isinstance(out, torch.Tensor) else out, float)
    moved = np.linalg.norm((out - as_double)[..., :3], axis=-1)
    there = as_double[..., :3].any(-1)
    coarse = dtype in ('e', torch.float16, torch.bfloat16)
    np.testing.assert_allclose(moved[there], 0.1, atol=0.05 if coarse else 1e-5)
    assert not out[~there][:, :3].any()
    np.testing.assert_array_equal(out[..., 3:], as_double[..., 3:])


@pytest.mark.parametrize('name', ['nturgb+d', 'coco', 'openpose'])
def test_any_layout(name):
    layout = get_layout(name)
    walk = 100 + torch.randn(2, 9, layout.num_joints, layout.dims + 1)
    net = ready(UNetAnonymizer(4, 2, layout=name, num_person=2))
    made = anonymize_skeletons(net, walk)
    expected = anonymize_keypoints(walk.numpy(), net, dict(layout=name))
    np.testing.assert_array_equal(made.numpy(), expected)
    assert (made[..., -1] == walk[..., -1]).all() and not (made == walk)[..., :-1].any()


def test_an_image_of_no_gradient():
    walk = torch.from_numpy(clip()).requires_grad_()
    assert not anonymize_skeletons(ready(Raise(LAYOUT, 1)), walk).requires_grad


def with_nan(joint):
    walk = clip()
    walk[0, 3, joint, 1] = np.nan
    return walk


FLOATS = 'expected floating-point coordinates in m, found {}; convert'
WRONG = {
    'a list': ([[0.0]], TypeError, 'expected a NumPy array or a torch tensor, found list; convert'),
    'int array': (np.ones((2, 20, 3), int), TypeError, FLOATS.format('int64')),
    'int tensor': (torch.ones(2, 20, 3, dtype=torch.int32), TypeError, FLOATS.format('torch.int32')),
    'complex': (np.ones((2, 20, 3), complex), TypeError, FLOATS.format('complex128')),
    'one frame': (clip()[0, 0], ValueError, r'expected shape \(T, V, C\) or .*, found 2 axes in shape \(20, 3\); add'),
    'a batch': (clip()[None], ValueError, r'found 5 axes in shape \(1, 1, 12, 20, 3\); add, drop or move'),
    'joints': (np.ones((4, 25, 3)), ValueError, r"expected 20 joints \(layout 'kinect_v1'\), found 25 in shape .*; give skeletons of"),
    'moved axes': (np.ones((20, 3, 4)), ValueError, r'expected 20 joints .*, found 3 in shape \(20, 3, 4\)'),
    'flat': (np.ones((4, 20, 2)), ValueError, r'C of at least 3, found 2 channel\(s\) a joint; give all 3'),
    'empty': (np.ones((0, 20, 3)), ValueError, r'found nothing in shape \(0, 20, 3\); leave empty'),
    'nan': (with_nan(5), ValueError, r'found nan at M=0, T=3, V=5, C=1 \(1 in all\); fill gaps first'),
    'infinite': (np.full((4, 20, 3), np.inf), ValueError, r'found inf at T=0, V=0, C=0 \(240 in all\)'),
    'persons': (clip(2), ValueError, r'the recording shows 2 persons, .* trained for 1; train it .* or remove'),
}  # fmt: skip


@pytest.mark.parametrize('name', WRONG)
def test_wrong_input_gets_one_sentence(name):
    given, error, words = WRONG[name]
    with pytest.raises(error, match=words) as caught:
        anonymize_skeletons(ready(Raise(LAYOUT, 1)), given)
    assert str(caught.value).endswith('.') and '\n' not in str(caught.value)


def test_what_is_not_ready_is_refused():
    walk = clip()
    with pytest.raises(
        ValueError, match='Raise: expected an anonymizer that knows its norm.*, or set its'
    ):
        anonymize_skeletons(Raise(LAYOUT, 1).eval(), walk)
    with pytest.raises(ValueError, match='found it in training mode; call its eval'):
        anonymize_skeletons(ready(Raise(LAYOUT, 1)).train(), walk)
    with pytest.raises(TypeError, match='expected an anonymizer, found dict; make one with init'):
        anonymize_skeletons({}, walk)
    for seed in (1.5, True, 'a'):
        with pytest.raises(TypeError, match=f'seed: expected an integer or None, found {seed!r}'):
            anonymize_skeletons(ready(Raise(LAYOUT, 1)), walk, seed=seed)


def test_the_subject_is_passed_on_where_it_is_asked_for():
    class Asks(Raise):
        asks_for_subject = True

        def forward(self, x, subjects=None):
            return super().forward(x) * (2 if subjects == ['eve'] else 1)

    walk, asks = clip(), ready(Asks(LAYOUT, 1), center=None, rotate=False)
    with pytest.raises(
        ValueError, match='no subject, which Asks needs; .* or the argument subject'
    ):
        anonymize_skeletons(asks, walk)
    once = anonymize_skeletons(asks, walk, subject='bob')
    np.testing.assert_allclose(anonymize_skeletons(asks, walk, 'eve'), 2 * once, rtol=1e-6)


def chancy():
    """Anonymizers that draw."""
    options = dict(layout=LAYOUT, num_person=1)
    body = dict(lengths=LENGTHS, size_spread=0.1, proportion_spread=[0.05] * JOINTS)
    identity = dict(type='IdentityAnonymizer')
    torch.manual_seed(0)
    return [
        ready(GaussianNoiseAnonymizer(0.05, **options)),
        ready(GaussianNoiseAnonymizer(0.05, seed=1, **options)),
        ready(NoisyCodeAnonymizer(8, lengths=LENGTHS, **options)),
        ready(CanonicalBodyAnonymizer(identity, lengths='random', body=body, **options)),
    ]


def test_a_seed_repeats_and_leaves_the_generators_alone():
    walk = clip()
    for anonymizer in chancy():
        state = torch.get_rng_state()
        first, other = (anonymize_skeletons(anonymizer, walk, seed=seed) for seed in (3, 4))
        assert np.abs(first - other).max() > 1e-3
        np.testing.assert_array_equal(
            anonymize_skeletons(anonymizer, walk, seed=np.int64(3)), first
        )
        assert torch.equal(torch.get_rng_state(), state)


def test_without_a_seed_every_call_draws_unless_the_config_says_otherwise():
    walk = clip()
    for anonymizer in chancy():
        torch.manual_seed(1)
        first, second = (anonymize_skeletons(anonymizer, walk) for _ in range(2))
        fixed = getattr(anonymizer, 'seed', None) is not None
        assert np.array_equal(first, second) == fixed
        torch.manual_seed(1)
        np.testing.assert_array_equal(anonymize_skeletons(anonymizer, walk), first)


def test_threads_get_what_single_calls_give():
    nets = [*chancy(), ready(UNetAnonymizer(4, 2, layout=LAYOUT, num_person=1))]
    walks = [clip(frames=20 + 3 * i, seed=i) for i in range(4)]
    alone = [[anonymize_skeletons(net, w, seed=i) for net in nets] for i, w in enumerate(walks)]
    start, found, stop = threading.Barrier(len(walks) + 1), {}, threading.Event()

    def work(number):
        start.wait()
        rounds = [
            [anonymize_skeletons(n, walks[number], seed=number) for n in nets] for _ in range(5)
        ]
        found[number] = rounds

    def disturb():
        start.wait()
        while not stop.is_set():
            torch.manual_seed(0)
            anonymize_skeletons(nets[0], walks[0])

    workers = [threading.Thread(target=work, args=(i,)) for i in range(len(walks))]
    noise = threading.Thread(target=disturb)
    for thread in (*workers, noise):
        thread.start()
    for thread in workers:
        thread.join()
    stop.set()
    noise.join()
    for number, expected in enumerate(alone):
        assert len(found[number]) == 5
        for made in found[number]:
            for got, want in zip(made, expected, strict=True):
                np.testing.assert_array_equal(got, want)


def test_the_examples_are_right():
    assert doctest.testmod(skeletons).failed == 0
