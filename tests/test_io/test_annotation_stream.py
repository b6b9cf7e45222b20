# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A pickle written in pieces is a pickle like any other."""

import io
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.io import load_annotations
from mmskanon.io.annotation_stream import encode_record, write_annotations, write_pieces

VALUES = st.one_of(st.integers(), st.text(max_size=300), st.none(), st.floats(allow_nan=False))
RECORDS = st.dictionaries(st.text(max_size=5), st.one_of(VALUES, st.lists(VALUES)), max_size=4)


def write(folder, split, groups, name='whole.pkl'):
    parts = []
    for number, records in enumerate(groups):
        parts.append(folder / f'{number}.part')
        parts[-1].write_bytes(b''.join(map(encode_record, records)))
    write_annotations(folder / name, split, parts, overwrite=True)
    return folder / name


@settings(max_examples=50, deadline=None)
@given(groups=st.lists(st.lists(RECORDS, max_size=3), max_size=3))
def test_any_records_come_back(groups, tmp_path_factory):
    path = write(tmp_path_factory.mktemp('stream'), dict(a=['x'], b=[]), groups)
    expected = dict(split=dict(a=['x'], b=[]), annotations=[r for g in groups for r in g])
    assert pickle.loads(path.read_bytes()) == expected
    assert load_annotations(path) == expected


@pytest.mark.parametrize('dtype', ['float32', 'float16'])
def test_arrays_come_back_and_bytes_do_not_depend_on_the_parts(tmp_path, dtype):
    rng = np.random.default_rng(0)
    records = [
        dict(name=f's{n}', x=rng.normal(size=(2, n, 3)).astype(dtype), same='s0') for n in range(9)
    ]
    one = write(tmp_path, {}, [records], 'one.pkl')
    other = write(tmp_path, {}, [records[:2], [], records[2:]], 'other.pkl')
    assert one.read_bytes() == other.read_bytes()
    for read in (load_annotations(one), pickle.loads(one.read_bytes())):
        assert len(read['annotations']) == 9
        for found, record in zip(read['annotations'], records, strict=True):
            assert found['name'] == record['name'] and found['x'].dtype == dtype
            np.testing.assert_array_equal(found['x'], record['x'])
            found['x'] += 1  # an array of its own, that can be written to


def test_memory_holds_no_more_than_a_block(tmp_path):
    parts = [tmp_path / f'{number}.part' for number in range(10)]
    for part in parts:
        part.write_bytes(encode_record(dict(x=np.zeros(2**18, dtype=np.float32))))
    tracemalloc.start()
    try:
        write_annotations(tmp_path / 'big.pkl', {}, parts)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / 'big.pkl').stat().st_size > 10 * 2**20
    assert peak < 2**20


def test_refuses_to_overwrite(tmp_path):
    (tmp_path / 'a.pkl').write_bytes(b'precious')
    with pytest.raises(FileExistsError):
        write_annotations(tmp_path / 'a.pkl', {}, [])
    assert (tmp_path / 'a.pkl').read_bytes() == b'precious'


def test_nothing_is_left_of_a_failure(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_annotations(tmp_path / 'a.pkl', {}, [tmp_path / 'gone'])
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=50, deadline=None)
@given(
    records=st.lists(RECORDS, max_size=4),
    around=st.dictionaries(st.text(max_size=3) | st.just('annotations'), VALUES, max_size=4),
    cut=st.integers(1, 50),
)
def test_records_stand_in_the_place_of_the_annotations(records, around, cut):
    encoded = b''.join(map(encode_record, records))
    pieces = [encoded[at : at + cut] for at in range(0, len(encoded), cut)]
    for whole in ({**around, 'annotations': None}, []):
        file = io.BytesIO()
        write_pieces(file, whole, iter(pieces))
        made = pickle.loads(file.getvalue())
        if whole:
            assert made == {**around, 'annotations': records} and list(made) == list(whole)
        else:
            assert made == records
