# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import doctest

import numpy as np
import pytest
import torch
from builders import LAYOUT
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.apis import StreamingAnonymizer, anonymize_skeletons, streaming
from mmskanon.models.anonymizers import (
    AutoencoderAnonymizer,
    CanonicalBodyAnonymizer,
    CanonicalBonesAnonymizer,
    CanonicalRestPoseAnonymizer,
    ClassSubstitutionAnonymizer,
    GaussianNoiseAnonymizer,
    IdentityAnonymizer,
    KSameAnonymizer,
    LSTMAutoencoderAnonymizer,
    NoisyCodeAnonymizer,
    ResNetAnonymizer,
    SmoothingAnonymizer,
    UNetAnonymizer,
)
from mmskanon.skeletons import get_layout
from mmskanon.skeletons.geometry import denormalize_skeleton, normalize_skeleton

JOINTS = get_layout(LAYOUT).num_joints
LENGTHS = [0.0 if j == get_layout(LAYOUT).root else 0.1 + 0.01 * j for j in range(JOINTS)]
BODY = dict(
    lengths=LENGTHS,
    rest_directions=[[0, 0, float(j != get_layout(LAYOUT).root)] for j in range(JOINTS)],
    size_spread=0.1,
    proportion_spread=[0.05] * JOINTS,
)
SMOOTH = dict(type='SmoothingAnonymizer', sigma=1)


def build(cls, *args, persons=2, center='first_frame', **kwargs):
    torch.manual_seed(0)
    anonymizer = cls(*args, layout=LAYOUT, num_person=persons, **kwargs).eval()
    anonymizer.normalization = dict(layout=LAYOUT, center=center)
    return anonymizer


def walk(persons=2, frames=20, seed=0, scores=0):
    """People whose first one is there longest, shape (M, T, V, C), float32."""
    rng = np.random.default_rng(seed)
    pose = rng.normal(scale=0.4, size=(persons, 1, JOINTS, 3)) + [0.3, -0.2, 3]
    drift = rng.normal(scale=0.03, size=(persons, frames, 1, 3)).cumsum(1)
    clip = pose + drift + rng.normal(scale=0.01, size=(persons, frames, JOINTS, 3))
    return np.concatenate([clip, rng.random((persons, frames, JOINTS, scores))], -1).astype('f')


def run(stream, frames, ids=None):
    """All that comes out, after checking that each frame comes out when it is due."""
    done = []
    for number, frame in enumerate(frames):
        done += stream.push(frame, None if ids is None else ids[number])
        assert len(done) == max(0, number + 1 - stream.latency)
    return done + stream.flush()


def as_clip(frames, like):
    """Frames as a clip, dropped ones as zeros."""
    empty = np.zeros_like(like[:, 0])
    return np.stack([empty if f is None else f for f in frames], axis=1)


EXACT = {
    'identity': ((IdentityAnonymizer,), {}, 0),
    'noise': ((GaussianNoiseAnonymizer, 0.1), {}, 0),
    'noise with a seed of its own': ((GaussianNoiseAnonymizer, 0.1), dict(seed=5), 0),
    'canonical bones': ((CanonicalBonesAnonymizer, LENGTHS), {}, 0),
    'resnet': ((ResNetAnonymizer,), dict(last_std=0.1), 0),
    'autoencoder': ((AutoencoderAnonymizer,), {}, 0),
    'smoothing': ((SmoothingAnonymizer, 1.5), {}, 6),
    'smooth canonical body': ((CanonicalBodyAnonymizer, SMOOTH), dict(body=BODY), 4),
    'noisy code': ((NoisyCodeAnonymizer, 8), dict(lengths=LENGTHS), 44),
    'unet of depth 1': ((UNetAnonymizer, 4, 1), {}, 9),
    'unet of depth 2': ((UNetAnonymizer, 4, 2), {}, 23),
}


@pytest.mark.parametrize('center', ['first_frame', 'every_frame'])
@pytest.mark.parametrize('name', EXACT)
def test_a_stream_equals_the_whole_recording(name, center):
    args, kwargs, latency = EXACT[name]
    anonymizer = build(*args, center=center, **kwargs)
    frames = 2 * (anonymizer.receptive_field or 1) + 15
    clip = walk(frames=frames, scores=1)
    clip[:, :2] = clip[1, :6] = clip[1, 12:15] = clip[0, 11] = clip[:, -3] = 0
    clip[0, 8, [2, 7]] = 0
    stream = StreamingAnonymizer(anonymizer, seed=3)
    assert stream.latency == latency
    dropped = {0, frames - 3}
    clip[:, list(dropped)] = 0
    clip = clip.astype(float)
    made = run(stream, [None if t in dropped else clip[:, t] for t in range(frames)])
    assert {t for t, frame in enumerate(made) if frame is None} == dropped
    whole = anonymize_skeletons(anonymizer, clip, seed=3)
    np.testing.assert_allclose(as_clip(made, clip), whole, atol=1e-5)
    np.testing.assert_array_equal(as_clip(made, clip)[..., 3], clip[..., 3])


@pytest.mark.parametrize('ids', [True, False])
def test_frames_without_rows_show_nobody(ids):
    anonymizer = build(SmoothingAnonymizer, 1.0)
    clip = walk(frames=14)
    gone = [0, 1, 6, 13]
    clip[:, gone] = 0
    frames = [clip[:0, t] if t in gone else clip[:, t] for t in range(14)]
    frames[6] = torch.from_numpy(frames[6])
    names = [['a', 'b'][: len(frame)] for frame in frames] if ids else None
    made = run(StreamingAnonymizer(anonymizer), frames, names)
    whole = anonymize_skeletons(anonymizer, clip)
    for t, frame in enumerate(made):
        assert type(frame) is type(frames[t]) and frame.shape == frames[t].shape
        if t not in gone:
            np.testing.assert_allclose(frame, whole[:, t], atol=1e-6)
    with pytest.raises(ValueError, match=r'expected 20 joints .*, found 0 in shape \(0, 0, 3\)'):
        StreamingAnonymizer(anonymizer).push(clip[:0, 0, :0])


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_whoever_comes_and_goes_in_whatever_row(data):
    """Smoothing does not mind which person the reference is; ids name persons, rows are shuffled."""
    anonymizer = build(SmoothingAnonymizer, 1.0, persons=3)
    frames = data.draw(st.integers(1, 14))
    clip = walk(3, frames, data.draw(st.integers(0, 5)))
    there = np.array(data.draw(st.lists(st.integers(0, 7), min_size=frames, max_size=frames)))
    there = (there[:, None] >> np.arange(3) & 1).astype(bool)  # (T, M)
    clip[~there.T] = 0
    whole = anonymize_skeletons(anonymizer, clip)
    rows = [np.array(data.draw(st.permutations(range(3)))) for _ in range(frames)]
    for t, order in enumerate(rows):  # some of those who are away are left out, others zero
        rows[t] = order[there[t, order] | (order == data.draw(st.integers(0, 3)))]
    stream = StreamingAnonymizer(anonymizer)
    pushed = [clip[order, t] for t, order in enumerate(rows)]
    pushed = [frame if len(frame) else None for frame in pushed]
    made = run(stream, pushed, ids=[[f'p{i}' for i in order] for order in rows])
    for t, order in enumerate(rows):
        if len(order):
            np.testing.assert_allclose(made[t], whole[order, t], atol=1e-5)


@pytest.mark.parametrize('name', ['smoothing', 'noisy code'])
def test_a_newcomer_in_the_same_slot_is_not_mixed_with_who_left(name):
    args, kwargs, _ = EXACT[name]
    anonymizer = build(*args, persons=1, **{**kwargs, **({'noise': 0} if 'code' in name else {})})
    anonymizer.normalization.update(center=None, rotate=False)
    one, two = walk(1, 30, 0), walk(1, 31, 1)
    ids = [[1]] * 30 + [[2]] * 31
    made = run(StreamingAnonymizer(anonymizer), [*one[0, :, None], *two[0, :, None]], ids)
    apart = np.zeros((2, 1, 61, JOINTS, 3), np.float32)
    apart[0][:, :30], apart[1][:, 30:] = one, two
    apart = [anonymize_skeletons(anonymizer, clip) for clip in apart]
    np.testing.assert_allclose(as_clip(made, one), apart[0] + apart[1], atol=1e-5)


def windows(anonymizer, clip, window, latency):
    """What is stated, written out: each frame from a call on its window of the normalized recording."""
    body, record = normalize_skeleton(clip, **anonymizer.normalization)
    out = np.zeros_like(body)
    for t in range(clip.shape[1]):
        last = min(t + latency, clip.shape[1] - 1)
        first = max(0, last - window + 1)
        with torch.no_grad():
            made = anonymizer(torch.from_numpy(body[None, :, first : last + 1]))
        out[:, t] = made[0, :, t - first].numpy()
    return denormalize_skeleton(out, record)


@pytest.mark.parametrize('center', ['first_frame', 'every_frame'])
@pytest.mark.parametrize(('window', 'latency'), [(16, None), (16, 0), (16, 15), (1, None), (50, 3)])
def test_a_window_equals_the_call_on_the_same_window(center, window, latency):
    anonymizer = build(UNetAnonymizer, 4, 3, center=center)
    clip = walk(frames=24)
    clip[1, :5] = 0
    stream = StreamingAnonymizer(anonymizer, window=window, latency=latency)
    latency = window // 2 if latency is None else latency
    assert (stream.window, stream.latency) == (window, latency)
    made = as_clip(run(stream, clip.swapaxes(0, 1)), clip)
    np.testing.assert_allclose(made, windows(anonymizer, clip, window, latency), atol=1e-5)


@pytest.mark.parametrize(
    'anonymizer',
    [
        build(UNetAnonymizer, 4, 4),
        build(LSTMAutoencoderAnonymizer, 20),
        build(CanonicalRestPoseAnonymizer, LENGTHS, BODY['rest_directions']),
        build(CanonicalBodyAnonymizer, SMOOTH, rest_pose='own', body=BODY),
    ],
    ids=lambda a: type(a).__name__,
)
def test_a_recording_within_one_window_equals_the_whole_call(anonymizer):
    clip = walk(frames=20)
    stream = StreamingAnonymizer(anonymizer, window=20, latency=19)
    made = as_clip(run(stream, clip.swapaxes(0, 1)), clip)
    np.testing.assert_allclose(made, anonymize_skeletons(anonymizer, clip), atol=1e-5)


def test_what_the_stream_cannot_know_makes_the_stated_difference():
    """The whole recording is centred on the second person, who stays longer; the stream on the first to come."""

    class Sink(IdentityAnonymizer):
        def transform(self, coords, present):
            return coords / 2  # towards the origin of body space

    anonymizer, clip = build(Sink), walk()
    clip[0, 4:] = 0
    made = as_clip(run(StreamingAnonymizer(anonymizer), clip.swapaxes(0, 1)), clip)
    center = get_layout(LAYOUT).center
    for person, result in ((0, made), (1, anonymize_skeletons(anonymizer, clip))):
        halfway = (clip + clip[person, 0, center]) / 2 * clip.any((2, 3), keepdims=True)
        np.testing.assert_allclose(result, halfway, atol=1e-5)


@pytest.mark.parametrize('single', [True, False])
def test_frames_keep_kind_and_type_and_buffers_may_be_used_again(single):
    anonymizer = build(SmoothingAnonymizer, 1.0, persons=1)
    clip = walk(1, 12, scores=1)
    whole = anonymize_skeletons(anonymizer, clip)
    kinds = [torch.float64, torch.bfloat16, 'f', 'd', 'e']
    stream, made, used = StreamingAnonymizer(anonymizer), [], []
    for t in range(12):
        frame = clip[0, t] if single else clip[:, t]
        kind = kinds[t % 5]
        torchy = isinstance(kind, torch.dtype)
        frame = torch.from_numpy(frame.copy()).to(kind) if torchy else frame.astype(kind)
        made += stream.push(frame)
        frame[:] = 7
        used.append(frame)
    made += stream.flush()
    assert all((frame == 7).all() for frame in used)
    for t, frame in enumerate(made):
        kind = kinds[t % 5]
        torchy = isinstance(kind, torch.dtype)
        assert isinstance(frame, torch.Tensor if torchy else np.ndarray)
        assert frame.dtype == (kind if torchy else np.dtype(kind))
        want = whole[0, t] if single else whole[:, t]
        got = frame.float().numpy() if torchy else frame
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, atol=0.03)


def test_a_refused_frame_changes_nothing():
    anonymizer = build(SmoothingAnonymizer, 1.0, persons=2)
    clip = walk(2, 10)
    stream, made = StreamingAnonymizer(anonymizer), []
    ids = ['a', 'b']
    for t in range(10):
        bad = clip[:, t].copy()
        bad[1, 4, 2] = np.nan
        with pytest.raises(ValueError, match=f'frame {t}: expected finite .* at M=1, V=4, C=2'):
            stream.push(bad, ids)
        with pytest.raises(ValueError, match=r'shows 3 persons, .* trained for 2'):
            stream.push(np.concatenate([clip[:, t], clip[:1, t]]), ['c', 'd', 'e'])
        for wrong in (['a'], ['a', 'a'], [[], []], 5):
            with pytest.raises(ValueError, match=f'frame {t}: expected 2 different ids'):
                stream.push(clip[:, t], wrong)
        if t:
            with pytest.raises(
                ValueError, match=f'frame {t}: expected ids as in the frames before'
            ):
                stream.push(clip[:, t])
            with pytest.raises(ValueError, match=f'frame {t}: expected 3 channels .* found 4'):
                stream.push(np.concatenate([clip[:, t], clip[:, t, :, :1]], -1), ids)
        made += stream.push(clip[:, t], np.array(ids))
    made = as_clip(made + stream.flush(), clip)
    np.testing.assert_allclose(made, anonymize_skeletons(anonymizer, clip), atol=1e-6)


def test_persons_in_their_own_rows():
    anonymizer = build(SmoothingAnonymizer, 1.0, persons=2)
    stream, clip = StreamingAnonymizer(anonymizer), walk(3, 6)
    clip[2] = 0
    np.testing.assert_allclose(
        as_clip(run(stream, clip.swapaxes(0, 1)), clip),
        anonymize_skeletons(anonymizer, clip),
        atol=1e-6,
    )
    with pytest.raises(ValueError, match=r'frame 0 shows 3 persons, .* trained for 2; .* give ids'):
        stream.push(walk(3, 1)[:, 0])
    stream.push(clip[:, 0])
    with pytest.raises(ValueError, match='expected ids to be left out as for the frames before'):
        stream.push(clip[:, 1], [1, 2, 3])


def test_flush_begins_another_recording():
    anonymizer = build(NoisyCodeAnonymizer, 8, lengths=LENGTHS)
    one, two = walk(seed=1).swapaxes(0, 1), walk(seed=2).swapaxes(0, 1)
    stream = StreamingAnonymizer(anonymizer, seed=4)
    run(stream, one)
    again = run(stream, two)
    np.testing.assert_array_equal(again, run(StreamingAnonymizer(anonymizer, seed=4), two))
    assert stream.flush() == []


def test_noise_without_a_seed_is_fresh_in_each_recording_and_frame():
    stream = StreamingAnonymizer(build(GaussianNoiseAnonymizer, 0.1))
    clip = walk(frames=30)
    still = np.repeat(clip[:, :1], 30, 1).swapaxes(0, 1)
    state = torch.get_rng_state()
    first, second = (np.stack(run(stream, still)) - still for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    noises = np.concatenate([first, second]).reshape(60, -1)
    assert np.abs(np.corrcoef(noises) - np.eye(60)).max() < 0.5
    assert 0.09 < noises.std() < 0.11
    # A seed in the config makes streams repeatable, but not frames alike.
    stream = StreamingAnonymizer(build(GaussianNoiseAnonymizer, 0.1, seed=1))
    first, second = (np.stack(run(stream, still)) - still for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(np.corrcoef(first.reshape(30, -1)) - np.eye(30)).max() < 0.5


class Asks(IdentityAnonymizer):
    asks_for_subject = True


@pytest.mark.parametrize(
    ('anonymizer', 'options', 'words'),
    [
        (build(UNetAnonymizer, 4, 2), dict(window=0), 'window must be an integer of at least 1, found 0'),
        (build(UNetAnonymizer, 4, 2), dict(window=2.0), 'window must be an integer .* found 2.0'),
        (build(UNetAnonymizer, 4, 2), dict(window=8, latency=-1), 'latency must be an integer'),
        (build(UNetAnonymizer, 4, 2), dict(window=8, latency=8), 'below window=8, found 8; the'),
        (build(UNetAnonymizer, 4, 2), dict(latency=8), 'latency=8 was given without a window; leave'),
        (build(IdentityAnonymizer), dict(window=8), 'single frames only, found window=8; leave'),
        (build(LSTMAutoencoderAnonymizer), {}, 'expected a window, .* found none; give window=N'),
        (build(Asks), {}, 'Asks cannot run on a stream, .*; anonymize finished recordings with'),
        (
            build(CanonicalBodyAnonymizer, SMOOTH, lengths='random', body=BODY),
            {},
            'CanonicalBodyAnonymizer cannot run on a stream, because it decides on a whole recording',
        ),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused(anonymizer, options, words):
    with pytest.raises(ValueError, match=words):
        StreamingAnonymizer(anonymizer, **options)


def test_methods_that_replace_clips_say_that_they_do_not_stream():
    assert not KSameAnonymizer.streams and not ClassSubstitutionAnonymizer.streams
    with pytest.raises(TypeError, match='seed: expected an integer or None'):
        StreamingAnonymizer(build(IdentityAnonymizer), seed='a')


def test_the_example_is_right():
    assert doctest.testmod(streaming).failed == 0
