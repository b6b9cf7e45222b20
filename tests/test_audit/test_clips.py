# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Stores of clips: what is kept, what is derived, and that nothing half-written is taken for whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mmskanon.audit.clips import FINEST, ClipStore, View, coarsen
from mmskanon.skeletons.geometry import normalize_skeleton
from mmskanon.skeletons.placement import place_canonically
from mmskanon.skeletons.resampling import resample_clip


def clip(frames, persons=1, seed=0):
    return np.random.default_rng(seed).normal(size=(persons, frames, 20, 3)).astype(np.float32)


def store_of(root, clips, num_person=1):
    samples = [dict(frame_dir=f'c{i}', keypoint=c) for i, c in enumerate(clips)]
    return ClipStore.build(samples, 'kinect_v1', num_person, root)


def test_a_store_returns_the_file_and_normalized_clips(tmp_path):
    clips = [clip(t, seed=t) for t in (7, 12, 5)]
    store = store_of(tmp_path, clips)
    assert len(store) == 3 and store.num_frames.tolist() == [7, 12, 5]
    for i, original in enumerate(clips):
        np.testing.assert_array_equal(store.camera(i), original)
        body, record = normalize_skeleton(original, 'kinect_v1', rotate='invariant')
        np.testing.assert_allclose(store.clip(i), body, atol=1.01e-4)
        np.testing.assert_allclose(store.placement[i, :3], record['origin'][0], atol=0.51e-4)
    assert store.clips(8).shape == (3, 1, 8, 20, 3)
    np.testing.assert_array_equal(store.clips(8)[1], resample_clip(store.clip(1), 8))


@given(st.sampled_from(['m', 'px']), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_coordinates_are_rounded_to_equal_steps_and_nobody_vanishes(unit, seed):
    step = FINEST[unit]
    data = clip(5, seed=seed) * (0.3 if unit == 'm' else 300)
    data[0, 0, 3] = 1e-9
    data[0, 1:3, 4] = 0
    out = coarsen(data, unit)
    numbers = out.astype(np.float64) / step
    np.testing.assert_allclose(numbers, numbers.round(), atol=1e-3)
    assert abs(out - data).max() <= step * 1.001
    np.testing.assert_array_equal(out.any(axis=-1), data.any(axis=-1))


def test_a_body_reads_the_same_wherever_it_stands(tmp_path):
    body = (np.random.default_rng(1).integers(-9000, 9000, (1, 6, 20, 3)) * 1e-4).astype(np.float32)
    near, far = body + np.float32(0.7), body + np.float32(6.3)
    rounding = np.diff(near, axis=2) - np.diff(far, axis=2)
    assert rounding.any()  # what the file tells
    stores = [store_of(tmp_path, [c]) for c in (near, far)]
    np.testing.assert_allclose(stores[0].clip(0), stores[1].clip(0), atol=1.01e-4)
    assert np.mean(stores[0].clip(0) != stores[1].clip(0)) < 0.01


def test_a_body_at_the_origin_has_no_placement_that_its_measures_could_be_read_from(tmp_path):
    placed = []
    for seed in range(4):
        body, record = normalize_skeleton(clip(6, seed=seed), 'kinect_v1')
        placed.append(place_canonically(body, record, 'kinect_v1'))
    store = store_of(tmp_path, placed)
    np.testing.assert_array_equal(store.placement, store.placement[:1].repeat(4, axis=0))


def test_what_other_code_derived_is_not_taken(tmp_path, monkeypatch):
    old = store_of(tmp_path, [clip(6)])
    old.features('table', lambda clip, layout: np.ones(2))
    monkeypatch.setattr('mmskanon.audit.clips.code_digest', lambda: 'of tomorrow')
    new = store_of(tmp_path, [clip(6)])
    assert new.key != old.key
    np.testing.assert_array_equal(new.features('table', lambda clip, layout: np.zeros(2)), [[0, 0]])


def test_layouts_of_one_name_are_told_apart(tmp_path):
    tail = dict(name='tail', joints=list('abcd'), parents=[0, 0, 1, 2], center=0)
    sample = dict(frame_dir='c', keypoint=clip(6)[:, :, :4])
    stores = [ClipStore.build([sample], dict(tail, center=c), 1, tmp_path) for c in (0, 3)]
    assert [store.layout.center for store in stores] == [0, 3]


def test_views_know_the_takes_of_their_clips(tmp_path):
    samples = [dict(frame_dir=name, keypoint=clip(6, seed=i)) for i, name in enumerate('abc')]
    store = ClipStore.build(samples, 'kinect_v1', 1, tmp_path, [7, 8, 7])
    assert store.takes.tolist() == [7, 8, 7]
    index = np.array([2, 1])
    view = View((store,), np.zeros_like(index), index, np.zeros(2, int), 1)
    assert (view + view).takes().tolist() == [7, 8, 7, 8]
    alone = ClipStore.build(samples, 'kinect_v1', 1, tmp_path)
    assert alone.takes.tolist() == [0, 1, 2] and alone.key != store.key


def test_two_audits_that_write_one_store_do_not_disturb_each_other(tmp_path):
    clips = [clip(6, seed=seed) for seed in range(4)]
    told = [f'c{i}' for i in range(4)], range(4), [6] * 4, 'kinect_v1', 1, tmp_path / 'store', 'key'

    def slowly():
        for number, one in enumerate(clips):
            if number == 2:
                faster = ClipStore.write(iter(clips), *told)
                faster.clips(8)
            yield one

    slower = ClipStore.write(slowly(), *told)
    for i, one in enumerate(clips):
        np.testing.assert_array_equal(slower.camera(i), one)
    assert slower.clips(8).any(axis=(1, 2, 3, 4)).all()
    assert [path.name for path in tmp_path.iterdir()] == ['store']


def test_a_body_reads_the_same_however_it_stands(tmp_path):
    body = clip(6, seed=3)
    turns = Rotation.random(4, random_state=0).as_matrix()
    turned = [(body.astype(np.float64) @ turn.T + 3).astype(np.float32) for turn in turns]
    stores = [store_of(tmp_path, [c]) for c in turned]
    for store in stores[1:]:
        np.testing.assert_allclose(store.clip(0), stores[0].clip(0), atol=1.01e-4)
        assert np.abs(store.placement - stores[0].placement).max() > 0.1


def test_missing_persons_are_absent_and_surplus_ones_left_out(tmp_path):
    store = store_of(tmp_path, [clip(6), clip(6, persons=3)], num_person=2)
    assert not store.camera(0)[1].any() and store.camera(1).shape[0] == 2


def test_equal_content_is_one_store_and_other_content_another(tmp_path):
    first = store_of(tmp_path, [clip(6)])
    again = store_of(tmp_path, [clip(6)])
    other = store_of(tmp_path, [clip(6, seed=1)])
    assert first.folder == again.folder != other.folder


def test_an_unfinished_store_leaves_nothing(tmp_path):
    def broken():
        yield clip(6)
        raise KeyboardInterrupt

    told = ['a', 'b'], [0, 1], [6, 6], 'kinect_v1', 1, tmp_path / 'store', 'key'
    with pytest.raises(KeyboardInterrupt):
        ClipStore.write(broken(), *told)
    assert list(tmp_path.iterdir()) == []
    store = ClipStore.write(iter([clip(6), clip(6, seed=1)]), *told)
    np.testing.assert_array_equal(store.camera(1), clip(6, seed=1))


def test_features_are_computed_once(tmp_path):
    store, calls = store_of(tmp_path, [clip(6), clip(9)]), []

    def count(body, layout):
        calls.append(layout.name)
        return [body.shape[1], 1.0]

    for _ in range(2):
        np.testing.assert_array_equal(store.features('length', count), [[6, 1], [9, 1]])
    assert calls == ['kinect_v1'] * 2


def test_a_failing_feature_leaves_nothing_behind(tmp_path):
    store = store_of(tmp_path, [clip(6)])
    before = sorted(store.folder.iterdir())
    with pytest.raises(ZeroDivisionError):
        store.features('bad', lambda body, layout: 1 / 0)
    assert sorted(store.folder.iterdir()) == before


def test_views_join_stores_and_choose_rows(tmp_path):
    a, b = (
        store_of(tmp_path, [clip(6), clip(7)]),
        store_of(tmp_path, [clip(8, seed=3), clip(9, seed=4)]),
    )

    def view(store, index):
        index = np.array(index)
        return View((store,), np.zeros(len(index), int), index, index, 2)

    both = view(a, [1, 0]) + view(b, [1])
    assert both.num_frames().tolist() == [7, 6, 9] and both.actions.tolist() == [1, 0, 1]
    assert [c.shape[1] for c in both[[2, 0]].full()] == [9, 7]
    np.testing.assert_array_equal(both[both.num_frames() > 6].clips(4)[1], b.clips(4)[1])
    assert both.placement().shape[0] == 3
