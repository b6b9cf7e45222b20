# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Skeleton files: what is written comes back, by any reader, and nothing of the original is in it but joints."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ntu_files import FIRST_ID, broken_files, person, recording, text_of

from mmskanon.datasets.converters.ntu import (
    BodyRules,
    parse_skeleton,
    read_ntu_skeleton,
    skeleton_to_keypoint,
)
from mmskanon.recordings import FORMATS, NobodyError, Recording
from mmskanon.recordings.base import MAX_FRAMES

NTU = FORMATS['ntu']
A, B, C = (FIRST_ID + n for n in range(3))
SAMPLES = (
    'S001C001P001R001A011',
    'S001C003P008R002A058',
    'S003C001P015R001A034',
)


def read(*bodies, frames=14):
    return NTU.read(text_of(recording(frames, *bodies)), 'x.skeleton')


def stock(content: bytes) -> np.ndarray:
    """Kinect's slots for persons, as converters without IDs read them: joints (M, T, V, C)."""
    lines = iter(content.decode().split('\n'))
    frames = int(next(lines))
    slots = np.zeros((4, frames, 25, 3))
    for frame in range(frames):
        for slot in range(int(next(lines))):
            body = next(lines).split()
            assert len(body) == 10 and int(body[0]) > 0 and all(float(x) >= 0 for x in body)
            for joint in range(int(next(lines))):
                numbers = [float(x) for x in next(lines).split()]
                assert len(numbers) == 12 and numbers[11] in (0, 1, 2)
                slots[slot, frame, joint] = numbers[:3]
    return slots[slots.any(axis=(1, 2, 3))]


@pytest.mark.parametrize('name', SAMPLES)
def test_an_original_comes_back_by_every_reader(name, ntu_samples_dir, tmp_path):
    path = ntu_samples_dir / f'{name}.skeleton'
    original = read_ntu_skeleton(path)
    found = NTU.read(path.read_bytes(), name)
    np.testing.assert_array_equal(found.keypoint, original['keypoint'])
    content = NTU.write(found, found.keypoint)
    (tmp_path / path.name).write_bytes(content)
    made = read_ntu_skeleton(tmp_path / path.name)
    np.testing.assert_equal(made, original)
    np.testing.assert_array_equal(stock(content).astype(np.float32), original['keypoint'])
    again = NTU.read(content, name)
    assert NTU.write(again, again.keypoint) == content == NTU.write(found, found.keypoint)


@pytest.mark.parametrize('name', SAMPLES)
def test_nothing_of_an_original_but_joints_is_in_what_is_written(name, ntu_samples_dir):
    original = (ntu_samples_dir / f'{name}.skeleton').read_bytes()
    found = NTU.read(original, name)
    content = NTU.write(found, (found.keypoint + np.float32(0.731)) * (found.keypoint != 0))
    # Every number of the original with a fraction: joints, pixels, quaternions, lean.
    private = {token for token in original.split() if len(token.strip(b'-0.')) >= 6}
    assert len(private) > 10_000
    # Of twenty thousand seven-digit decimals a few are the same by chance.
    assert len(private & set(content.split())) < 100
    rest = [line.split()[3:] for line in content.splitlines() if len(line.split()) == 12]
    assert {tuple(fields) for fields in rest} == {(*[b'0'] * 8, b'2')}
    bodies = {line for line in content.splitlines() if len(line.split()) == 10}
    assert bodies <= {b'1 0 0 0 0 0 0 0 0 2', b'2 0 0 0 0 0 0 0 0 2'}
    for body_id in NTU.traces(found):
        assert int(body_id) > 2**56 and body_id.encode() in original
        assert body_id.encode() not in content


def test_persons_are_never_swapped_joined_or_dropped_again(ntu_samples_dir):
    found = NTU.read((ntu_samples_dir / f'{SAMPLES[1]}.skeleton').read_bytes(), 'x')
    still, wide = found.keypoint.copy(), found.keypoint.copy()
    still[0] = still[0, 0] * np.float32(0.5)  # less motion than person 2
    wide[1, ..., 1] *= np.float32(0.01)  # wider than high in all frames: noise by the rules
    apart = found.keypoint.copy()
    apart[0, 20:], apart[1, :30] = 0, 0  # what is never seen together would be one person
    few = found.keypoint[:, :3]
    for keypoint in (still, wide, apart, few, found.keypoint[::-1]):
        records = parse_skeleton(NTU.write(found, keypoint), 'x')
        kept = keypoint[:, keypoint.any(axis=(0, 2, 3))]
        np.testing.assert_array_equal(skeleton_to_keypoint(records).keypoint, kept)
    # Without the mark, the rules would have swapped, dropped or joined them, though not the original persons.
    for keypoint in (found.keypoint, still, wide, apart):
        text = re.sub(rb'(?m)^([12])(?=( 0){8} 2\r$)', rb'7205\1', NTU.write(found, keypoint))
        selected = skeleton_to_keypoint(parse_skeleton(text, 'x'), BodyRules(keep_empty=True))
        assert np.array_equal(selected.keypoint, keypoint) == (keypoint is found.keypoint)


def test_a_person_number_alone_is_no_mark():
    """IDs 1 and 2 in a file that somebody else wrote are IDs like any other."""
    bodies = (1, 0, person(14, 1, motion=0.01)), (2, 0, person(14, 2, motion=0.4))
    records = parse_skeleton(text_of(recording(14, *bodies)), 'x')
    assert not records.selected
    keypoint = skeleton_to_keypoint(records).keypoint
    np.testing.assert_array_equal(keypoint[0], bodies[1][2].astype(np.float32))


def test_bodies_that_are_no_persons_are_dropped_and_empty_frames_stay():
    ghost = person(5, seed=3)
    found = read((A, 2, person(12, seed=1)), (B, 0, ghost), frames=16)
    assert found.keypoint.shape == (1, 16, 25, 3)
    seen = found.keypoint.any(axis=(0, 2, 3))
    assert seen.tolist() == [False] * 2 + [True] * 12 + [False] * 2
    content = NTU.write(found, found.keypoint)
    assert content.startswith(b'16\r\n0\r\n0\r\n1\r\n1 0 ') and content.endswith(b'2\r\n0\r\n0\r\n')
    np.testing.assert_array_equal(NTU.read(content, 'x').keypoint, found.keypoint)
    assert not set(map(repr, ghost.ravel())) & set(content.decode().split())


def test_which_joints_were_inferred_is_not_told():
    original = text_of(recording(14, (A, 0, person(14)))).replace(b' 2\r\n', b' 1\r\n', 40)
    tracked = text_of(recording(14, (A, 0, person(14))))
    one, other = NTU.read(original, 'x'), NTU.read(tracked, 'x')
    assert NTU.write(one, one.keypoint) == NTU.write(other, other.keypoint)


@pytest.mark.parametrize('frames', [1, 5, 40])
def test_clips_can_be_retimed(frames):
    found = read((A, 0, person(14, 1)), (B, 0, person(14, 2)))
    keypoint = np.resize(found.keypoint, (2, frames, 25, 3))
    again = NTU.read(NTU.write(found, keypoint), 'x')
    np.testing.assert_array_equal(again.keypoint, keypoint)


@st.composite
def keypoints(draw):
    """Joints of one or two persons who come and go; the last one is seen at least once."""
    persons, frames = draw(st.integers(1, 2)), draw(st.integers(1, 5))
    numbers = st.floats(-9, 9, width=32) | st.floats(
        width=32, allow_nan=False, allow_infinity=False
    )
    keypoint = draw(hnp.arrays(np.float32, (persons, frames, 25, 3), elements=numbers))
    there = draw(hnp.arrays(bool, (persons, frames)))
    keypoint[~there] = 0
    keypoint[-1, 0, 0, 0] = 1
    return keypoint


@settings(max_examples=60, deadline=None)
@given(keypoint=keypoints())
def test_any_joints_come_back_to_the_last_bit(keypoint):
    content = NTU.write(Recording(keypoint, ()), keypoint)
    np.testing.assert_array_equal(NTU.read(content, 'x').keypoint, keypoint)
    seen = keypoint.any(axis=(0, 2, 3))
    by_default = skeleton_to_keypoint(parse_skeleton(content, 'x')).keypoint
    np.testing.assert_array_equal(by_default, keypoint[:, seen])


@pytest.mark.parametrize('fault', broken_files())
def test_broken_files_are_named_in_one_sentence(fault):
    with pytest.raises(ValueError, match=r'^broken.skeleton[^\n]*$'):
        NTU.read(broken_files()[fault], 'broken.skeleton')


def test_who_shows_nobody_or_is_far_too_long_is_refused():
    with pytest.raises(NobodyError, match='x shows nobody'):
        NTU.read(b'2\n0\n0\n', 'x')
    long = b'%d\n' % (MAX_FRAMES + 1) + b'0\n' * (MAX_FRAMES + 1)
    with pytest.raises(ValueError, match='x has 200001 frames, more than the 200000'):
        NTU.read(long, 'x')
    with pytest.raises(ValueError, match='more than the .* allowed for one recording'):
        NTU.read(bytes(NTU.max_bytes + 1), 'x')


@pytest.mark.parametrize(
    'change',
    [
        lambda k: k[:1],
        lambda k: k[..., :2],
        lambda k: k[:, :, :20],
        lambda k: k[:, :0],
        lambda k: k[0],
        lambda k: k.astype(int),
        lambda k: np.where(k == k[1, 2, 3, 1], np.nan, k),
        lambda k: k.astype(float) * 1e39,
    ],
)
def test_joints_that_do_not_fit_are_refused(change):
    found = read((A, 0, person(14, 1)), (B, 0, person(14, 2)))
    with pytest.raises(ValueError, match='expected anonymized joints|the anonymized joints hold'):
        NTU.write(found, change(found.keypoint))
