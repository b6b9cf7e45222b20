# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What an attacker may look at: the clips it names, and a digest that tells them apart wherever they lie."""

import dataclasses
import pickle
import shutil

import numpy as np
import pytest
from audit_recordings import recordings

from mmskanon.audit.clips import ClipStore
from mmskanon.audit.sight import Sight, digest_of

ROWS = np.array([7, 2, 11])


@pytest.fixture
def two(record, stores):
    """The originals, the same moved by a metre, and an action of each clip that differs from clip to clip."""
    data = recordings()
    original = record(data)
    moved = [dict(s, keypoint=s['keypoint'] + np.float32(1)) for s in data['annotations']]
    other = ClipStore.build(moved, original.store.layout_spec, 1, stores)
    return original.store, other, 100 + np.arange(len(original.store))


def test_of_several_stores_the_same_clips_come_one_store_after_another(two):
    first, second, actions = two
    view = Sight.of([first, second], ROWS, actions, 200).open()
    assert view.names() == [first.names[i] for i in ROWS] * 2
    np.testing.assert_array_equal(view.actions, [107, 102, 111] * 2)
    expected = [store.camera(i)[0, 0, 0] for store in (first, second) for i in ROWS]
    seen = [view.stores[s].camera(i)[0, 0, 0] for s, i in zip(view.source, view.index, strict=True)]
    np.testing.assert_array_equal(seen, expected)
    assert view.num_actions == 200 and not np.allclose(seen[:3], seen[3:])


def test_a_sum_keeps_files_and_actions_apart(two):
    first, second, actions = two
    both = Sight.of([first], ROWS, actions, 200) + Sight.of([second], ROWS[:2], actions + 50, 200)
    view = both.open()
    seen = [view.stores[s].folder for s in view.source]
    assert seen == [first.folder] * 3 + [second.folder] * 2
    np.testing.assert_array_equal(view.actions, [107, 102, 111, 157, 152])
    np.testing.assert_array_equal(view.index, [7, 2, 11, 7, 2])


def test_the_digest_does_not_depend_on_where_the_stores_lie(two, tmp_path):
    first, _, actions = two
    here = Sight.of([first], ROWS, actions, 200)
    shutil.copytree(first.folder, tmp_path / 'elsewhere' / first.folder.name)
    there = ClipStore(tmp_path / 'elsewhere' / first.folder.name)
    assert Sight.of([there], ROWS, actions, 200).digest() == here.digest()
    assert pickle.loads(pickle.dumps(here)).digest() == here.digest()
    narrow = dataclasses.replace(here, index=here.index.astype(np.int32))
    assert narrow.digest() == here.digest()


def test_the_digest_tells_clips_actions_and_files_apart(two):
    first, second, actions = two
    base = Sight.of([first], ROWS, actions, 200)
    others = [
        Sight.of([second], ROWS, actions, 200),
        Sight.of([first, second], ROWS, actions, 200),
        Sight.of([second, first], ROWS, actions, 200),
        Sight.of([first], ROWS[::-1], actions, 200),
        Sight.of([first], ROWS[:2], actions, 200),
        Sight.of([first], ROWS, actions + 1, 200),
        Sight.of([first], ROWS, actions, 201),
        dataclasses.replace(base, index=ROWS[::-1].copy()),
        dataclasses.replace(Sight.of([first, second], ROWS, actions, 200), source=np.arange(6) % 2),
    ]
    assert len({base.digest(), *(o.digest() for o in others)}) == len(others) + 1


def test_parts_of_a_digest_do_not_run_into_each_other():
    assert digest_of('ab', 'c') != digest_of('a', 'bc')
    assert digest_of(b'ab', b'c') != digest_of(b'a', b'bc')
    assert digest_of(dict(a=1, b=2)) == digest_of(dict(b=2, a=1))
