# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Arrays: rank and type stay, NumPy reads what is written, everything else is dropped, and hostile files are refused unread."""

import io
import pickle
import warnings
import zipfile

import numpy as np
import pytest
from archive_files import lying, zipped
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmskanon.recordings import FORMATS, NobodyError

NPY, NPZ = FORMATS['npy'], FORMATS['npz']
JOINTS = np.random.default_rng(0).normal(size=(2, 9, 20, 3))


def npy(array: np.ndarray, **how) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **how)
    return stream.getvalue()


def npz(save=np.savez, **arrays) -> bytes:
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


def load(content: bytes):
    return np.load(io.BytesIO(content), allow_pickle=False)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_array_comes_back_with_its_rank_and_type(data):
    dtype = data.draw(st.sampled_from(['<f2', '<f4', '<f8', '>f2', '>f4', '>f8']))
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=3, max_side=4))
    shape = (*shape, data.draw(st.integers(2, 3)))
    numbers = st.floats(width=8 * np.dtype(dtype).itemsize, allow_nan=False, allow_infinity=False)
    array = data.draw(hnp.arrays(dtype, shape, elements=numbers))
    array.flat[0] = 1
    if data.draw(st.booleans()):
        array = np.asfortranarray(array)
    for format, content in ((NPY, npy(array)), (NPZ, npz(keypoint=array))):
        found = format.read(content, 'x')
        assert found.keypoint.ndim == 4 and found.keypoint.dtype in (np.float32, np.float64)
        made = load(format.write(found, found.keypoint))
        made = made['keypoint'] if format is NPZ else made
        assert made.dtype == array.dtype and made.shape == array.shape
        np.testing.assert_array_equal(made, array)


@pytest.mark.parametrize('frames', [1, 30])
def test_clips_can_be_retimed(frames):
    for array in (JOINTS, JOINTS[0]):
        found = NPY.read(npy(array), 'x')
        keypoint = np.resize(found.keypoint, (len(found.keypoint), frames, 20, 3))
        made = load(NPY.write(found, keypoint))
        assert made.shape == (*array.shape[:-3], frames, 20, 3)
        np.testing.assert_array_equal(made.reshape(keypoint.shape), keypoint)


def test_all_other_arrays_of_an_archive_are_dropped():
    content = npz(
        keypoint=JOINTS,
        subject=3,
        name=np.array('Alice'),
        keypoint_score=JOINTS[..., 0],
        total_frames=9,
        label=np.int32(7),
    )
    found = NPZ.read(content, 'x')
    made = load(NPZ.write(found, found.keypoint))
    assert list(made) == ['keypoint', 'label'] and made['label'] == 7
    for label in (np.int64(10_000), np.array([1, 2]), np.array('Alice'), np.float64(1), -1):
        found = NPZ.read(npz(keypoint=JOINTS, label=label), 'x')
        assert list(load(NPZ.write(found, found.keypoint))) == ['keypoint']
    hidden = npz(keypoint=JOINTS, label=np.array([{'a': 1}], dtype=object))
    assert NPZ.read(hidden, 'x').source.label is None


def test_the_only_array_is_the_recording_and_does_not_keep_a_telling_name():
    for content, name in (
        (npz(Alice=JOINTS), 'keypoint'),
        (npz(arr_0=JOINTS), 'arr_0'),
        (npz(label=JOINTS), 'keypoint'),
    ):
        found = NPZ.read(content, 'x')
        assert list(load(NPZ.write(found, found.keypoint))) == [name]


def test_an_archive_has_no_time_no_platform_and_stays_compressed():
    sizes = []
    for save in (np.savez, np.savez_compressed):
        found = NPZ.read(npz(save, keypoint=np.ones((1, 99, 20, 3))), 'x')
        content = NPZ.write(found, found.keypoint)
        assert content == NPZ.write(found, found.keypoint)
        (info,) = zipfile.ZipFile(io.BytesIO(content)).infolist()
        assert info.date_time == (1980, 1, 1, 0, 0, 0) and info.create_system == 0
        assert not info.comment and not info.extra
        sizes.append(len(content))
    assert sizes[1] < sizes[0] / 20


def with_shape(shape: str) -> bytes:
    """A file that claims another shape than it has."""
    return npy(np.ones((4, 20, 3))).replace(b'(4, 20, 3)', shape.encode().ljust(10)[:10])


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ('code from the file was run',))


BROKEN_NPY = {
    'empty': b'',
    'text': b'0.1 0.2 0.3\n' * 60,
    'truncated': npy(JOINTS)[:-8],
    'bytes after the array': npy(JOINTS) + b'x',
    'two arrays': npy(JOINTS) * 2,
    'pickled objects': npy(np.array([Bomb()]), allow_pickle=True),
    'a pickle': pickle.dumps(Bomb()),
    'version 9': b'\x93NUMPY\x09' + npy(JOINTS)[7:],
    'a nested header': npy(JOINTS)[:10] + b'(' * 118 + npy(JOINTS)[128:],
    'a huge shape': with_shape('(9**9,2,3)'),
    'far too long': with_shape('(999999,2)'),
    'a negative shape': with_shape('(-4,-20,3)'),
    'NaN': npy(np.full((4, 20, 3), np.nan)),
    'infinite': npy(np.full((4, 20, 3), np.inf, np.float16)),
    'integers': npy(np.ones((4, 20, 3), int)),
    'complex': npy(np.ones((4, 20, 3), complex)),
    'records': npy(np.zeros((4, 20, 3), [('a', 'f4')])),
    'text array': npy(np.array([[['Alice', 'Bob']]])),
    'two axes': npy(np.ones((20, 3))),
    'five axes': npy(np.ones((1, 1, 4, 20, 3))),
    'four coordinates': npy(np.ones((4, 20, 4))),
    'no frame': npy(np.ones((0, 20, 3))),
    'no person': npy(np.ones((0, 4, 20, 3))),
}


@pytest.mark.parametrize('fault', BROKEN_NPY)
def test_broken_arrays_are_named_in_one_sentence(fault):
    with pytest.raises(ValueError, match=r'^broken.npy[^\n]*$'):
        NPY.read(BROKEN_NPY[fault], 'broken.npy')
    with pytest.raises(ValueError, match=r'^broken.npz[^\n]*$'):
        NPZ.read(zipped({'keypoint.npy': BROKEN_NPY[fault]}), 'broken.npz')


def bombs() -> dict[str, bytes]:
    bomb = npy(np.zeros((1, 2**17, 25, 3), 'f8'))  # 75 MiB
    return {
        'not a zip': b'PK\x03\x04' + bytes(100),
        'truncated': npz(keypoint=JOINTS)[:-30],
        'damaged': zipped({'keypoint.npy': npy(JOINTS)}).replace(b'\x93', b'\x92'),
        'no array': zipped({'readme.txt': b'hello'}),
        'two arrays and none is keypoint': npz(a=JOINTS, b=JOINTS),
        'LZMA': zipped({'keypoint.npy': npy(JOINTS)}, zipfile.ZIP_LZMA),
        'lying about its size': lying(zipped({'keypoint.npy': bomb})),
    }


def test_hostile_archives_are_named_in_one_sentence():
    for fault, content in bombs().items():
        with pytest.raises(ValueError, match=r'^broken.npz[^\n]*$'):
            NPZ.read(content, 'broken.npz')
            pytest.fail(fault)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    content = zipped({'keypoint.npy': npy(np.zeros((1, 2**14, 25, 3)))})
    monkeypatch.setattr(NPZ, 'max_bytes', 2**20)
    monkeypatch.setattr(zipfile.ZipFile, 'open', lambda *_: pytest.fail('it was unpacked'))
    with pytest.raises(ValueError, match=r'x!keypoint.npy unpacks to 9830\d* bytes, more than'):
        NPZ.read(content, 'x')


def test_nobody_and_numbers_beyond_the_type_are_refused():
    with pytest.raises(NobodyError, match='x shows nobody'):
        NPY.read(npy(0 * JOINTS), 'x')
    found = NPY.read(npy(JOINTS.astype(np.float16)), 'x')
    with warnings.catch_warnings(), pytest.raises(ValueError, match='beyond the range of float16'):
        warnings.simplefilter('error')
        NPY.write(found, found.keypoint * 1e5)


def test_the_name_is_all_that_facts_know():
    facts = dict(frame_dir='day 1/clip', subject=None, label=None)
    assert NPY.facts('day 1\\clip.npy') == NPZ.facts('day 1/clip.NPZ') == facts
