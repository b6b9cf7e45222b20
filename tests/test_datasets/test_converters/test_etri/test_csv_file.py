# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One skeleton file of ETRI-Activity3D, sound and broken on purpose."""

import csv
import io

import numpy as np
import pytest
from etri_files import HEADER, rows_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st
from ntu_files import person

from mmskanon.datasets.converters.etri.csv_file import parse_csv


def reference(content: bytes) -> np.ndarray:
    """Joints (T, V, C) by the csv module, field by field."""
    rows = csv.DictReader(io.StringIO(content.decode()))
    return np.array(
        [[[float(r[f'joint{j}_3d{a}']) for a in 'XYZ'] for j in range(1, 26)] for r in rows]
    )


@pytest.mark.parametrize('newline', ['\n', '\r\n'])
@pytest.mark.parametrize('bom', [b'', b'\xef\xbb\xbf'])
def test_coordinates_are_exactly_those_of_the_file(newline, bom):
    content = text_of(rows_of(person(9)), newline, digits=17)
    rows = parse_csv(bom + content, 'x.csv')
    assert rows.joints.dtype == np.float64 and rows.joints.shape == (9, 25, 3)
    np.testing.assert_array_equal(rows.joints, reference(content))
    assert (rows.bodies, rows.empty) == (['0'], 0)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(-9, 9, allow_nan=False), min_size=75, max_size=75),
    st.permutations(HEADER),
)
def test_columns_are_found_by_name(values, header):
    joints = np.array(values).reshape(1, 25, 3)
    content = text_of(rows_of(joints), header=header, digits=17)
    np.testing.assert_array_equal(parse_csv(content, 'x.csv').joints, joints)


def test_columns_that_nobody_reads_may_be_missing_or_hold_anything():
    header = [name for name in HEADER if '_3d' in name or name in ('frameNum', 'bodyindexID')]
    np.testing.assert_array_equal(
        parse_csv(text_of(rows_of(person(3)), header=header), 'x.csv').joints, person(3)
    )
    content = text_of(rows_of(person(3))).replace(b'72057594037931648', b'not seen')
    np.testing.assert_array_equal(parse_csv(content, 'x.csv').joints, person(3))


@pytest.mark.parametrize('body', ['', 'nan', 'NaN', ' '])
def test_rows_without_a_body_are_counted_and_left_out(body):
    joints = person(6)
    rows = rows_of(joints)
    rows[0] = (0, body, joints[0])
    rows[3] = (3, body, joints[3])
    found = parse_csv(text_of(rows), 'x.csv')
    np.testing.assert_array_equal(found.joints, joints[[1, 2, 4, 5]])
    assert (found.bodies, found.empty) == (['0'], 2)


def test_several_bodies_are_told_apart():
    rows = sorted(
        rows_of(person(4), body=3) + rows_of(person(4, seed=1), body=0), key=lambda r: r[0]
    )
    found = parse_csv(text_of(rows), 'x.csv')
    assert found.bodies == ['0', '3'] and found.indices.tolist() == [3, 0] * 4
    assert found.frames.tolist() == [0, 0, 1, 1, 2, 2, 3, 3] and found.header == tuple(HEADER)


def test_gaps_between_frames_are_no_fault():
    rows = rows_of(person(3)) + rows_of(person(2), first=40)
    assert len(parse_csv(text_of(rows), 'x.csv').joints) == 5


def test_header_alone_and_blank_lines():
    assert len(parse_csv(text_of([]), 'x.csv').joints) == 0
    assert len(parse_csv(text_of(rows_of(person(2))) + b'\n  \n', 'x.csv').joints) == 2


def broken(kind: str) -> bytes:
    joints = person(5)
    rows = rows_of(joints)
    content = text_of(rows)
    lines = content.splitlines(keepends=True)
    if kind == 'nan':
        joints[2, 6, 1] = np.nan
        return text_of(rows_of(joints))
    if kind == 'infinite':
        joints[2, 6, 1] = np.inf
        return text_of(rows_of(joints))
    if kind == 'text':
        fields = lines[3].split(b',')
        fields[HEADER.index('joint7_3dY')] = b'1,5'.replace(b',', b';')
        return b''.join([*lines[:3], b','.join(fields), *lines[4:]])
    if kind == 'empty':
        fields = lines[3].split(b',')
        fields[HEADER.index('joint7_3dY')] = b''
        return b''.join([*lines[:3], b','.join(fields), *lines[4:]])
    if kind == 'truncated':
        return content[: -len(lines[-1]) // 2]
    if kind == 'column':
        return text_of(rows, header=[name for name in HEADER if name != 'joint7_3dY'])
    if kind == 'no header':
        return b''.join(lines[1:])
    if kind == 'frames':
        return text_of([*rows, rows[4]])
    if kind == 'millimetres':
        return text_of(rows_of(joints * 1000))
    assert kind == 'nothing'
    return b''


@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        ('nan', r"line 4, column joint7_3dY: expected a finite number, found 'nan'; repair"),
        ('infinite', r"line 4, column joint7_3dY: expected a finite number, found 'inf'"),
        ('text', r"line 4, column joint7_3dY: expected a finite number, found '1;5'"),
        ('empty', r"line 4, column joint7_3dY: expected a finite number, found ''"),
        (
            'truncated',
            r'line 6: expected 253 fields as in the header, found \d+ \(is the file trunc',
        ),
        ('column', r"lacks the column 'joint7_3dY' \(1 of the 77 needed"),
        ('no header', r"lacks the column 'frameNum' \(77 of the 77"),
        ('nothing', r"lacks the column 'frameNum'"),
        ('frames', r'line 7: expected a frameNum above 4 of the row before, found 4'),
        (
            'millimetres',
            r'line 2, column joint1_3d.: expected a coordinate in metres \(up to 100\)',
        ),
    ],
)
def test_faults_are_named(kind, message):
    with pytest.raises(ValueError, match=r'^x\.csv.*' + message):
        parse_csv(broken(kind), 'x.csv')


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damage_is_an_error_in_one_sentence_or_harmless(data):
    content = bytearray(text_of(rows_of(person(2))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    content = bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        rows = parse_csv(content, 'x.csv')
    except ValueError as error:
        assert str(error).startswith('x.csv') and '\n' not in str(error)
    else:
        assert np.isfinite(rows.joints).all() and rows.joints.shape[1:] == (25, 3)
