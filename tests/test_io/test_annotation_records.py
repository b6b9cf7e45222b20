# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""An annotation file read sample by sample gives what the whole file gives, and refuses what the whole file is refused for."""

import os
import pickle
import subprocess
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pickle_files import ATTACKS, HANDMADE, VALID, op_global, op_text, write

from mmskanon.io import (
    AnnotationFile,
    ArrayHead,
    CorruptFileError,
    UnsafePickleError,
    load_annotations,
)
from mmskanon.io.annotation_records import FileSample
from mmskanon.io.annotation_stream import encode_record, write_pieces
from mmskanon.io.deferred import DEFERRED_FROM

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
DTYPES = ['?', '<i8', '>i4', 'u2', 'f2', 'f4', '>f4', 'f8', 'c8', 'S5', '<U3', '>U2']


def assert_same(made, expected, pairs=None):
    """The same types, values, dtypes, memory order, key order, and things that occur twice."""
    pairs = {} if pairs is None else pairs
    assert type(made) is type(expected)
    if isinstance(expected, np.ndarray | list | dict | set | bytearray):
        if id(expected) in pairs:
            assert pairs[id(expected)] is made
            return
        assert not any(made is other for other in pairs.values())
        pairs[id(expected)] = made
    if isinstance(expected, np.ndarray):
        assert (made.dtype, made.shape) == (expected.dtype, expected.shape)
        assert made.strides == expected.strides
        for flag in ('WRITEABLE', 'C_CONTIGUOUS', 'F_CONTIGUOUS', 'ALIGNED'):
            assert made.flags[flag] == expected.flags[flag]
        assert made.tobytes() == expected.tobytes()
    elif isinstance(expected, dict):
        assert list(map(repr, made)) == list(map(repr, expected))
        for one, other in zip(made.values(), expected.values(), strict=True):
            assert_same(one, other, pairs)
    elif isinstance(expected, list | tuple):
        assert len(made) == len(expected)
        for one, other in zip(made, expected, strict=True):
            assert_same(one, other, pairs)
    elif isinstance(expected, np.generic):
        assert made.dtype == expected.dtype and made.tobytes() == expected.tobytes()
    else:
        assert repr(made) == repr(expected)


def assert_reads_the_same(path):
    data = load_annotations(path)
    with AnnotationFile(path) as file:
        assert file.is_list == isinstance(data, list)
        whole = {} if file.is_list else data
        assert_same(file.split, whole.get('split'))
        assert_same(
            file.extra, {k: v for k, v in whole.items() if k not in ('annotations', 'split')}
        )
        samples = data if file.is_list else data.get('annotations')
        if not isinstance(samples, list):
            with pytest.raises(
                CorruptFileError, match='has no samples: expected a dict with a list'
            ):
                len(file)
            return
        assert len(file) == len(samples)
        for index, sample in enumerate(samples):
            assert_same(file[index], sample)
            assert_same(file[index - len(samples)], sample)
        for made, sample in zip(file, samples, strict=True):
            assert_same(made, sample)
        for head, sample in zip(file.heads(), samples, strict=True):
            assert_same(with_heads(head, sample), with_heads(sample, sample))
        assert len(list(file.heads())) == len(samples)


def with_heads(thing, like):
    """A sample with the shape and the dtype of each array in place of the array."""
    if isinstance(thing, np.ndarray | ArrayHead):
        return [thing.shape, thing.dtype, thing.ndim, thing.size]
    if type(thing) in (dict, OrderedDict):
        return {key: with_heads(value, like) for key, value in thing.items()}
    if type(thing) in (list, tuple):
        return [with_heads(value, like) for value in thing]
    return thing


def samples(size=400):
    rng = np.random.default_rng(0)
    keypoint = rng.normal(size=(1, size, 5, 3))
    fortran = np.asfortranarray(keypoint.astype('>f4'))
    return [
        dict(frame_dir='a', label=1, keypoint=keypoint.astype(np.float16), total_frames=size),
        dict(frame_dir='b', keypoint=fortran, again=[fortran, (fortran,)], note='ż' * size),
        dict(frame_dir='c', keypoint=keypoint[:, :0], raw=bytes(size), more=bytearray(2 * size)),
        OrderedDict(frame_dir='d', keypoint=keypoint[:, ::2], subject=np.int64(3), text='x' * 999),
        dict(frame_dir='e', keypoint=np.array(['left', 'right'] * 99), shape=np.array([1, 2])),
    ]


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_samples_are_those_of_the_whole_file(tmp_path, protocol):
    data = dict(split=dict(train=['a', 'b']), annotations=samples(), note=['made', np.ones(999)])
    assert_reads_the_same(write(tmp_path, data, protocol))
    assert_reads_the_same(write(tmp_path, samples(), protocol))
    assert_reads_the_same(write(tmp_path, dict(annotations=samples()[:1] * 3), protocol))


def test_files_of_ours_and_of_many_frames(tmp_path):
    with open(tmp_path / 'ours.pkl', 'wb') as file:
        around = dict(split=dict(train=['a']), annotations=None)
        write_pieces(file, around, map(encode_record, samples(9000)))
    assert_reads_the_same(tmp_path / 'ours.pkl')
    small = [dict(frame_dir=f's{n}', keypoint=np.full((2, n % 7, 9, 3), n)) for n in range(3000)]
    path = write(tmp_path, dict(annotations=samples(9000) + small))
    assert path.read_bytes().count(b'\x95') > 10
    assert_reads_the_same(path)


def test_shared_arrays_and_recursive_containers(tmp_path):
    array, ring = np.arange(999.0), []
    ring.append((ring, array))
    data = [dict(keypoint=array, views=[array, array[:500]]), dict(keypoint=array, ring=ring)]
    path = write(tmp_path, data)
    with AnnotationFile(path) as file:
        first, second, again = file[0], file[1], file[1]
    assert first['views'][0] is first['keypoint']
    assert second['ring'][0][0] is second['ring'] and second['ring'][0][1] is second['keypoint']
    second['keypoint'] += 1  # nobody else's
    np.testing.assert_array_equal(again['keypoint'], array)
    np.testing.assert_array_equal(first['keypoint'], array)


def test_heads_read_no_array_and_can_be_changed(tmp_path):
    with AnnotationFile(write(tmp_path, dict(annotations=samples(), split={}))) as file:
        head = next(file.heads())
        assert head['keypoint'] == ArrayHead((1, 400, 5, 3), np.dtype(np.float16))
        assert (head['frame_dir'], head['label'], head['total_frames']) == ('a', 1, 400)
        outline = file.outline()
        outline['annotations'][0]['subject'] = 7
        outline['annotations'].pop()
        assert 'subject' not in file[0] and len(file) == 5
        assert isinstance(outline['annotations'][1]['again'][1][0], ArrayHead)


def test_a_sample_reads_its_arrays_when_asked(tmp_path):
    with AnnotationFile(write(tmp_path, dict(annotations=samples(), split={}))) as file:
        for index, head in enumerate(file.outline()['annotations']):
            head.update(subject=4 if head.get('subject') is None else head['subject'])
            sample = FileSample(file, index, {**head, 'added': 1})
            expected = {'subject': 4, **samples()[index], 'added': 1}
            assert len(sample) == len(expected) and set(sample) == set(expected)
            assert_same(
                sample['keypoint'], load_annotations(file.path)['annotations'][index]['keypoint']
            )
            assert sample['frame_dir'] == 'abcde'[index] and sample['added'] == 1
            filled = file.filled(index, head)
            assert_same(filled['keypoint'], sample['keypoint'])
            assert filled['subject'] == expected['subject']
            assert list(filled) == list(head)


ARRAYS = hnp.arrays(
    st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=12)
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
LONG = st.integers(DEFERRED_FROM - 2, DEFERRED_FROM + 2)
LARGE = st.one_of(
    LONG.map(lambda n: 'x' * n),
    LONG.map(lambda n: 'é' * n),
    LONG.map(lambda n: 'ż\n\\' * n),
    LONG.map(bytes),
    LONG.map(bytearray),
    LONG.map(np.ones),
    LONG.map(lambda n: np.str_('x' * n)),
    LONG.map(lambda n: np.asfortranarray(np.ones((2, n), '>f4'))),
)
KEYS = st.one_of(
    st.text(), st.integers(), st.tuples(st.text(), LONG.map(bytes)), LONG.map(lambda n: 'x' * n)
)
VALUES = st.recursive(
    PLAIN | ARRAYS | LARGE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3).map(OrderedDict)
        | st.sets(KEYS, max_size=3)
        | st.frozensets(KEYS, max_size=3)
        | inner.map(lambda thing: [thing, thing])
    ),
    max_leaves=8,
)
FILES = st.one_of(
    st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=4) | VALUES, max_size=4),
    st.fixed_dictionaries(
        dict(annotations=st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))),
        optional=dict(split=VALUES, note=VALUES),
    ),
    st.dictionaries(KEYS, VALUES, max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(FILES, st.sampled_from(PROTOCOLS))
def test_any_file_reads_the_same(data, protocol):
    with tempfile.TemporaryDirectory() as folder:
        assert_reads_the_same(write(Path(folder), data, protocol))


def outcome(read, path):
    """What reading gives: the kind of an error, or None."""
    try:
        read(path)
    except (CorruptFileError, UnsafePickleError) as error:
        return type(error), getattr(error, 'refused', None)
    return None


def open_once(path):
    AnnotationFile(path).close()


def assert_refused_alike(path):
    expected = outcome(load_annotations, path)
    assert outcome(open_once, path) == expected
    if expected is None:
        assert_reads_the_same(path)


GROUND = [*VALID] + [
    pickle.dumps(dict(annotations=samples(60), split={'a': ['b']}), protocol)
    for protocol in PROTOCOLS
]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GROUND) - 1), st.data())
def test_a_damaged_file_is_refused_alike_or_reads_the_same(which, data):
    valid = GROUND[which]
    damaged = bytearray(valid)
    places = st.integers(0, len(valid) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del damaged[data.draw(places) :]
    if data.draw(st.booleans()):
        start, end = sorted((data.draw(places), data.draw(places)))
        damaged[data.draw(places) :] = damaged[start:end]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), bytes(damaged))
        if damaged:
            assert_refused_alike(path)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_random_bytes_are_refused_alike(data):
    with tempfile.TemporaryDirectory() as folder:
        assert_refused_alike(write(Path(folder), data))


def sentence_of(read, path):
    with pytest.raises(UnsafePickleError) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize('protocol', [0, 2, 4, 5])
@pytest.mark.parametrize('name', ATTACKS)
def test_a_call_in_a_pickle_is_refused_with_the_same_sentence(tmp_path, name, protocol):
    sentinel = tmp_path / 'sentinel'
    data = dict(annotations=[*samples(), dict(frame_dir='x', meta=[(ATTACKS[name](sentinel),)])])
    path = write(tmp_path, data, protocol)
    assert sentence_of(open_once, path) == sentence_of(load_annotations, path)
    assert not sentinel.exists()


@pytest.mark.parametrize('name', HANDMADE)
def test_a_handmade_program_is_refused_with_the_same_sentence(tmp_path, name):
    sentinel = tmp_path / 'sentinel'
    path = write(tmp_path, b'\x80\x04' + HANDMADE[name](sentinel) + b'.')
    assert sentence_of(open_once, path) == sentence_of(load_annotations, path)
    assert not sentinel.exists()


TEXT = op_text('x' * 600)
BYTES = pickle.BINBYTES + (600).to_bytes(4, 'little') + bytes(600)
BYTEARRAY = pickle.BYTEARRAY8 + (600).to_bytes(8, 'little') + bytes(600)
ARRAY = pickle.dumps(np.arange(600), 3)[2:-1]
RECONSTRUCT = op_global('numpy.core.multiarray', '_reconstruct')
ORDERED = op_global('collections', 'OrderedDict')
SHELL = RECONSTRUCT + op_global('numpy', 'ndarray') + b'K\x00\x85C\x01b\x87R'
F4 = pickle.dumps(np.dtype('f4'), 3)[2:-1]
STATE = b'(K\x01K\x96\x85' + F4 + b'\x89' + BYTES + b't'
PROGRAMS = {
    'a text is called': TEXT + b')R',
    'bytes are called': BYTES + b')R',
    'an array is called': ARRAY + b')R',
    'an instance of an array': ARRAY + b')\x81',
    'a state for bytes': BYTES + b')b',
    'a state for text': TEXT + b')b',
    'items for an array': ARRAY + b'(K\x01e',
    'an array as a key': b'}' + ARRAY + b'Ns',
    'a bytearray as a key': b'}' + BYTEARRAY + b'Ns',
    'bytes and text as keys': b'](}(' + BYTES + b'N' + TEXT + BYTES + b'u' + b'e',
    'one item with a key of bytes': b'](}' + BYTES + b'Nse',
    'bytes in a key': b'](}' + BYTES + b'\x85\x85Nse',
    'bytes deep in a key': b'](}' + BYTES + b'\x85' * 20 + b'Nse',
    'a set of bytes': b'](\x8f(' + BYTES + TEXT + b'\x90e',
    'a frozen set of bytes': b']((' + BYTES + TEXT + b'\x91e',
    'a dict of bytes': b']((' + BYTES + TEXT + b'de',
    'an array in a set': b'](\x8f(' + ARRAY + b'\x90e',
    'a set of an array': b'](' + op_global('builtins', 'set') + ARRAY + b'\x85Re',
    'a set of texts': b'](' + op_global('builtins', 'set') + b'](' + TEXT + b'e\x85Re',
    'an ordered dict of an array': b'](' + ORDERED + ARRAY + b'\x85Re',
    'an ordered dict with keys of bytes': b'](' + ORDERED + b'](' + BYTES + ARRAY + b'\x86e\x85Re',
    'an ordered dict of pairs in arrays': b'](' + ORDERED + b'(' + ARRAY + b'l\x85Re',
    'a module of a long name': TEXT + op_text('x') + b'\x93',
    'a name that is bytes': op_text('os') + BYTES + b'\x93',
    'a name that is an array': ARRAY + ARRAY + b'\x93',
    'a dtype of a long name': op_global('numpy', 'dtype') + TEXT + b'\x85R',
    'a dtype of an array': op_global('numpy', 'dtype') + ARRAY + b'\x85R',
    'a complex number of an array': op_global('builtins', 'complex') + ARRAY + b'K\x00\x86R',
    'a bytearray of a text': b'](' + op_global('builtins', 'bytearray') + TEXT + b'\x85Re',
    'an encoding that is long': op_global('_codecs', 'encode') + TEXT + TEXT + b'\x86R',
    'an encoding of bytes': op_global('_codecs', 'encode') + BYTES + op_text('latin1') + b'\x86R',
    'an array of a long class': RECONSTRUCT + TEXT + b')C\x01b\x87R',
    'an array of an array': RECONSTRUCT + ARRAY + b')C\x01b\x87R',
    'an array without a state': b'](' + SHELL + b'e',
    'a state of bytes': b'](' + SHELL + BYTES + b'be',
    'an array filled after it was stored': b'](' + SHELL + b'q\x07}K\x01h\x07sh\x07' + STATE + b'b0e',
    'an array filled after an ordered dict took it': (
        b'](' + SHELL + b'q\x07' + ORDERED + b'](K\x01h\x07\x86e\x85R' + b'h\x07' + STATE + b'b0e'
    ),
    'an array filled twice': b'](' + SHELL + STATE + b'b' + STATE + b'be',
    'an array that is text': b'](' + SHELL + STATE.replace(BYTES, TEXT) + b'be',
    'an array that is too long': b'](' + SHELL + STATE.replace(b'K\x96', b'K\x97') + b'be',
    'an array whose dtype changes later': (
        b'](' + SHELL + STATE.replace(F4, F4 + b'q\x09') + b'b'
        + b'h\x09(K\x03' + op_text('>') + b'NNNK\xffK\xffK\x00tb' + b'e'
    ),
    'a small one whose dtype changes later': (
        b'](' + SHELL + b'(K\x01K\x01\x85' + F4 + b'q\x09\x89C\x04abcdtb'
        + b'h\x09(K\x03' + op_text('>') + b'NNNK\xffK\xffK\x00tb' + b'e'
    ),
    'a whole file that is bytes': BYTES,
    'a whole file that is text': TEXT,
    'a whole file that is an array': ARRAY,
    'a frame beyond the file': b'\x95' + (9).to_bytes(8, 'little') + b'].',
    'a frame that ends in a value': b'\x95' + (9).to_bytes(8, 'little') + BYTES,
    'a frame in a frame': b'\x95' + (12).to_bytes(8, 'little') + b'\x95' + bytes(8) + b']]]',
    'a frame that ends in a line': b'\x95' + (4).to_bytes(8, 'little') + b'](I12\ne',
    'bytes that end early': BYTES[:-1],
    'bytes of an impossible length': pickle.BINBYTES8 + b'\xff' * 8,
    'a text that is not UTF-8': TEXT[:-1] + b'\xff',
}  # fmt: skip


@pytest.mark.parametrize('name', PROGRAMS)
def test_large_values_in_odd_places(tmp_path, name):
    path = write(tmp_path, b'\x80\x04' + PROGRAMS[name] + b'.')
    assert_refused_alike(path)


def test_missing_empty_and_other_files(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r'none\.pkl does not exist; expected an annotation'
    ):
        AnnotationFile(tmp_path / 'none.pkl')
    with pytest.raises(IsADirectoryError, match='is a folder'):
        AnnotationFile(tmp_path)
    with pytest.raises(CorruptFileError, match=r'ann\.pkl is empty'):
        AnnotationFile(write(tmp_path, b''))
    with pytest.raises(CorruptFileError, match='truncated, damaged or not a pickle'):
        AnnotationFile(write(tmp_path, b'frame_dir,label\na,1\n'))
    for data, name in ((5, 'int'), (np.ones(999), 'ndarray'), ('x' * 999, 'str')):
        with pytest.raises(CorruptFileError, match=f'holds {name} data; expected a dict or a list'):
            AnnotationFile(write(tmp_path, data))


def test_a_file_that_changes_or_is_closed_is_not_misread(tmp_path):
    path = write(tmp_path, samples())
    file = AnnotationFile(path)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(b'another file of this name')
    assert_same(file[0], samples()[0])
    file.close()
    with pytest.raises(ValueError, match=r'ann\.pkl is closed'):
        file[0]
    path.write_bytes(content)
    with AnnotationFile(path) as file:
        os.utime(path, ns=(1, 1))
        with pytest.raises(CorruptFileError, match=r'ann\.pkl was changed after it was opened'):
            file[0]
    with AnnotationFile(path) as file:
        with open(path, 'r+b') as other:
            other.truncate(900)
        with pytest.raises(CorruptFileError, match='was changed'):
            list(file.heads())


def test_an_index_outside_is_an_error(tmp_path):
    with AnnotationFile(write(tmp_path, samples())) as file:
        with pytest.raises(IndexError):
            file[5]
        with pytest.raises(TypeError):
            file['frame_dir']
        assert_same(file[np.int64(-1)], samples()[-1])


def test_deep_nesting_is_an_error_and_no_crash(tmp_path):
    path = write(tmp_path, b'\x80\x04](' + b']' * 20000 + b'a' * 19999 + b'e.')
    with AnnotationFile(path) as file, pytest.raises(CorruptFileError, match='RecursionError'):
        file[0]


READ = """
import resource, sys
from mmskanon.io import AnnotationFile, load_annotations

def read(path):
    with AnnotationFile(path) as file:
        total = sum(int(sample['keypoint'][0, -1, 0, 0]) for sample in file)
        return len(file), total, sum(head['keypoint'].size for head in file.heads())

small, *large = sys.argv[1:]
read(small)  # what is imported and set up on first use
held = int(open('/proc/self/statm').read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (held + (24 << 20), -1))
for path in large:
    print(*read(path))
load_annotations(path)
"""


@pytest.mark.skipif(not Path('/proc/self/statm').exists(), reason='needs /proc of Linux')
def test_memory_does_not_grow_with_the_file(tmp_path):
    """80 MB are read in a process that may take 24 MB more, where reading the whole file fails."""
    keypoint = np.zeros((1, 1000, 25, 10), np.float32)
    records = [
        dict(frame_dir=f's{n}', keypoint=np.concatenate([keypoint[:, 1:], keypoint[:, :1] + n], 1))
        for n in range(80)
    ]
    paths = [write(tmp_path, records[:2], name='small.pkl'), tmp_path / 'ours.pkl']
    with open(paths[1], 'wb') as file:
        write_pieces(file, dict(annotations=None), map(encode_record, records))
    for protocol in (2, 4, 5):
        paths.append(write(tmp_path, dict(annotations=records), protocol, f'{protocol}.pkl'))
    ran = subprocess.run(
        [sys.executable, '-c', READ, *map(str, paths)], capture_output=True, text=True, timeout=120
    )
    assert ran.stdout.splitlines() == [f'80 {sum(range(80))} {80 * 250_000}'] * 4, ran.stderr
    assert ran.returncode and 'does not fit into memory' in ran.stderr
