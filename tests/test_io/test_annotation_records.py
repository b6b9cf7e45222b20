# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""An annotation file read sample by sample gives what the whole file gives."""

import os
import subprocess
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from annotation_files import PROTOCOLS, assert_reads_the_same, assert_same, samples
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pickle_files import write

from mmskanon.io import AnnotationFile, ArrayHead, CorruptFileError, load_annotations
from mmskanon.io.annotation_records import FileSample
from mmskanon.io.annotation_stream import encode_record, write_pieces
from mmskanon.io.deferred import DEFERRED_FROM

DTYPES = ['?', '<i8', '>i4', 'u2', 'f2', 'f4', '>f4', 'f8', 'c8', 'S5', '<U3', '>U2']


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
