# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""CSV files: what is written comes back, the converter reads it, and nothing of the original is in it but joints and known columns."""

import csv
import io

import numpy as np
import pytest
from etri_files import HEADER, name_of, people_text, rows_of, text_of, write_collection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ntu_files import person

from mmskanon.datasets.converters.etri import convert_etri
from mmskanon.io.pickles import load_annotations
from mmskanon.recordings import FORMATS, NobodyError

ETRI = FORMATS['etri']


def read(rows, **how):
    return ETRI.read(text_of(rows, **how), 'x.csv')


def table_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline='')))


@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_the_converter_reads_a_written_collection(newline, tmp_path):
    write_collection(tmp_path / 'in', subjects=3, newline=newline)
    (tmp_path / 'out').mkdir()
    for path in (tmp_path / 'in').rglob('*.csv'):
        found = ETRI.read(path.read_bytes(), path.name)
        content = ETRI.write(found, found.keypoint)
        assert content.count(newline.encode()) == found.keypoint.shape[1] + 1
        (tmp_path / 'out' / path.name).write_bytes(content)
    made = {}
    for place in ('in', 'out'):
        people = tmp_path / 'in' / 'gender_age.txt'
        convert_etri(tmp_path / place, tmp_path / f'{place}.pkl', people=people)
        made[place] = load_annotations(tmp_path / f'{place}.pkl')
    assert len(made['in']['annotations']) == 18
    np.testing.assert_equal(made['out'], made['in'])


def test_nothing_of_an_original_but_joints_is_in_what_is_written():
    header = ['Alice', *HEADER, 'joint1_Bob', 'joint26_3dX', 'time']
    found = read(rows_of(person(14), 3, first=1017), header=header)
    content = ETRI.write(found, found.keypoint)
    rows = table_of(content)
    assert list(rows[0]) == HEADER
    for number, row in enumerate(rows):
        ids = row.pop('frameNum'), row.pop('bodyindexID'), row.pop('trackingID')
        assert ids == (str(number), '0', '1')
        assert {row.pop(f'joint{j}_trackingState') for j in range(1, 26)} == {'2'}
        rest = {column: value for column, value in row.items() if '_3d' not in column}
        assert len(rest) == 25 * 6 and set(rest.values()) == {'0'}
    assert ETRI.traces(found) == {'72057594037931648': 'a tracking ID of the original'}
    for private in (b'72057594037931648', b'0.1234567', b'1017', b'Alice', b'Bob', b'time'):
        assert private not in content


def test_columns_stay_in_their_order_and_only_what_is_needed_has_to_be_there():
    header = [c for c in reversed(HEADER) if '_3d' in c or c in ('frameNum', 'bodyindexID')]
    found = read(rows_of(person(3)), header=header)
    assert ETRI.traces(found) == {}
    assert list(table_of(ETRI.write(found, found.keypoint))[0]) == header


def test_frames_without_a_body_are_dropped_and_those_at_zero_stay():
    joints = person(6)
    joints[4] = 0
    rows = rows_of(joints)
    rows[2] = (2, '', rows[2][2])
    found = read(rows)
    assert found.keypoint.shape == (1, 5, 25, 3) and not found.keypoint[0, 3].any()
    again = ETRI.read(ETRI.write(found, found.keypoint), 'x')
    np.testing.assert_array_equal(again.keypoint, found.keypoint)


def test_two_bodies_are_two_persons_and_further_ones_are_dropped():
    one, other, ghost = person(20, 1, motion=0.4), person(20, 2, motion=0.05), person(4, 3)
    rows = sorted([*rows_of(other, 1), *rows_of(one, 4), *rows_of(ghost, 5)], key=lambda r: r[0])
    found = read(rows)
    np.testing.assert_array_equal(found.keypoint, np.stack([one, other]).astype(np.float32))
    rows = table_of(ETRI.write(found, found.keypoint))
    assert [(r['frameNum'], r['bodyindexID']) for r in rows[:3]] == [
        ('0', '0'),
        ('0', '1'),
        ('1', '0'),
    ]
    assert len(rows) == 40
    again = ETRI.read(ETRI.write(found, found.keypoint), 'x')
    np.testing.assert_array_equal(again.keypoint, found.keypoint)


def test_written_persons_keep_their_rows_whatever_the_anonymizer_made_of_them():
    rows = [*rows_of(person(30, 1, motion=0.4), 0), *rows_of(person(30, 2, motion=0.1), 1)]
    found = read(sorted(rows, key=lambda r: r[0]))
    still, late, wide = (found.keypoint.copy() for _ in range(3))
    still[0] = still[0, :1]
    late[1, :22] = 0
    wide[1] = wide[1][..., [1, 0, 2]]
    for hidden in (still, late, wide):
        again = ETRI.read(ETRI.write(found, hidden), 'x')
        np.testing.assert_array_equal(again.keypoint, hidden)


@pytest.mark.parametrize('frames', [1, 30])
def test_clips_can_be_retimed(frames):
    found = read(rows_of(person(14)))
    keypoint = np.resize(found.keypoint, (1, frames, 25, 3))
    again = ETRI.read(ETRI.write(found, keypoint), 'x')
    np.testing.assert_array_equal(again.keypoint, keypoint)


@settings(max_examples=40, deadline=None)
@given(
    keypoint=hnp.arrays(
        np.float32,
        st.tuples(st.just(1), st.integers(1, 4), st.just(25), st.just(3)),
        elements=st.floats(-100, 100, width=32),
    )
)
def test_any_joints_come_back_to_the_last_bit(keypoint):
    keypoint[0, 0, 0, 0] = 1
    found = read(rows_of(person(3)))
    again = ETRI.read(ETRI.write(found, keypoint), 'x')
    np.testing.assert_array_equal(again.keypoint, keypoint)


def broken() -> dict[str, bytes]:
    sound = text_of(rows_of(person(3)))
    return {
        'empty': b'',
        'binary': bytes(range(256)),
        'truncated': sound[:-300],
        'a column missing': sound.replace(b'joint7_3dY', b'joint7_3dQ'),
        'NaN': sound.replace(b',72057594037931648,', b',72057594037931648,nan,').replace(
            b',0.1234567', b'', 1
        ),
        'frames that do not ascend': text_of(rows_of(person(3))[::-1]),
        'millimetres': text_of(rows_of(1000 * person(3))),
        'people': people_text([('f', 70)]),
    }


@pytest.mark.parametrize('fault', broken())
def test_broken_files_are_named_in_one_sentence(fault):
    with pytest.raises(ValueError, match=r'^broken.csv[^\n]*$'):
        ETRI.read(broken()[fault], 'broken.csv')


def test_nobody_and_joints_that_no_reader_takes_are_refused():
    with pytest.raises(NobodyError, match='x.csv shows nobody'):
        read(rows_of(np.zeros((3, 25, 3))))
    with pytest.raises(NobodyError, match='x.csv shows nobody'):
        read([])
    found = read(rows_of(person(3)))
    with pytest.raises(ValueError, match='go up to 1000 m, readers'):
        ETRI.write(found, np.full_like(found.keypoint, 1000))


def test_names_say_what_the_converter_reads():
    facts = dict(frame_dir=name_of(55, 100, 2, 8), subject=100, label=54, trial=2, camera=8)
    assert ETRI.facts('P051-P100/A055P100G002C008.CSV') == facts
    assert ETRI.facts('a/subjects.csv') == dict(frame_dir='a/subjects', subject=None, label=None)
