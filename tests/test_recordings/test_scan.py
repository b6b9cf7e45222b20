# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The search finds what is planted in any format, and nothing in clean files full of digits."""

import io
import zipfile

import numpy as np
import pytest
from etri_files import rows_of
from etri_files import text_of as etri_text
from hypothesis import given, settings
from hypothesis import strategies as st
from ntu_files import FIRST_ID, person, recording, text_of
from scipy.io import savemat

from mmskanon.recordings import FORMATS, scan_recording
from mmskanon.release import Sought

NAMES = {
    'S001C002P003R002A013': 'an original name',
    'Alice': "a value of 'name'",
    'Kim Cheol-su': "a value of 'name'",
    'a1_s1_t1': 'an original name',
    **{str(number): "a value of 'age'" for number in range(10_000)},
}


def originals() -> dict[str, bytes]:
    joints = person(30, seed=5)
    made = {
        'ntu': text_of(recording(30, (FIRST_ID, 0, joints))),
        'etri': etri_text(rows_of(joints)),
    }
    for name in ('npy', 'npz', 'utd_mhad'):
        stream = io.BytesIO()
        if name == 'npy':
            np.save(stream, joints)
        elif name == 'npz':
            np.savez_compressed(stream, keypoint=joints)
        else:
            savemat(stream, dict(d_skel=joints[:, :20].transpose(1, 2, 0)))
        made[name] = stream.getvalue()
    return made


ORIGINALS = originals()


def read_and_write(name: str) -> tuple[bytes, Sought]:
    found = FORMATS[name].read(ORIGINALS[name], 'x')
    content = FORMATS[name].write(found, found.keypoint)
    return content, Sought({**NAMES, **FORMATS[name].traces(found)})


@pytest.mark.parametrize('name', FORMATS)
def test_clean_files_are_clean(name):
    content, sought = read_and_write(name)
    assert scan_recording(content, 'x', sought) == []


@pytest.mark.parametrize('name', ['ntu', 'etri'])
def test_the_original_itself_is_found_by_its_body_id(name):
    _, sought = read_and_write(name)
    (finding,) = scan_recording(ORIGINALS[name], 'x', sought)
    assert finding.text == str(FIRST_ID) and ' ID of the original' in finding.kind
    assert str(finding).startswith('x, byte ') and str(finding).endswith(
        '; do not publish the file.'
    )


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_digits_of_coordinates_are_no_false_alarm(data):
    content, _ = read_and_write(data.draw(st.sampled_from(['ntu', 'etri'])))
    digits = content.replace(b' ', b'').replace(b',', b'').replace(b'.', b'').replace(b'\r\n', b'')
    at = data.draw(st.integers(0, len(digits) - 20))
    size = data.draw(st.integers(5, 12))
    number = digits[at : at + size].decode().strip('-')
    assert scan_recording(content, 'x', Sought({number: 'a number'})) == []
    assert scan_recording(content, 'x', Sought({'0.' + number: 'a number'})) == []


TEXTS = st.sampled_from(['Alice', 'Kim Cheol-su', 'S001C002P003R002A013', 'a1_s1_t1'])


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(['ntu', 'etri']), text=TEXTS, data=st.data())
def test_a_text_planted_in_text_is_found(name, text, data):
    content, sought = read_and_write(name)
    separator = b' ' if name == 'ntu' else b','
    lines = content.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] += separator + text.upper().encode()
    findings = scan_recording(b'\n'.join(lines), 'x', sought)
    assert [f.text.casefold() for f in findings] == [text.casefold()]
    assert scan_recording(b'\n'.join(lines), 'x', sought, [text]) == []


@pytest.mark.parametrize('name', FORMATS)
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16-le'])
def test_a_long_text_is_found_in_any_bytes(name, encoding):
    content, sought = read_and_write(name)
    planted = content + b'\0' + 'Kim Cheol-su'.encode(encoding)
    (finding,) = scan_recording(planted, 'x', sought)
    assert finding.text == 'kim cheol-su'


def test_archives_are_searched_inside():
    content, sought = read_and_write('npz')
    places = {}
    for place in ('name', 'comment', 'member', 'the comment of a member'):
        stream = io.BytesIO(content)
        with zipfile.ZipFile(stream, 'a', zipfile.ZIP_DEFLATED) as archive:
            info = zipfile.ZipInfo('Alice.npy' if place == 'name' else 'b.npy')
            info.compress_type = zipfile.ZIP_DEFLATED
            info.comment = b'Alice' if place == 'the comment of a member' else b''
            archive.comment = b'of Alice' if place == 'comment' else b''
            archive.writestr(info, b'seen: Alice' if place == 'member' else b'0')
        findings = scan_recording(stream.getvalue(), 'x', sought)
        assert [f.text.casefold() for f in findings] == ['alice'], place
        places[place] = findings[0].place
    assert places['member'] == 'x!b.npy, line 1' and places['comment'] == 'x'


def test_an_archive_that_cannot_be_searched_is_no_clean_one():
    content, sought = read_and_write('npz')
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w') as archive:
        archive.writestr('a.npy', content)
    (finding,) = scan_recording(stream.getvalue(), 'x', sought)
    assert finding.place == 'x!a.npy' and finding.text == 'an archive in an archive'
    for damaged in (content.replace(b'PK\x01\x02', b'PK\x01\x03'), content.replace(b'\x93', b'')):
        with pytest.raises(ValueError, match=r'^x[^\n]*$'):
            scan_recording(damaged.replace(b'keypoint', b'keypoinx', 1), 'x', sought)


def test_a_body_id_written_as_a_float_is_found_and_one_within_a_longer_number_is_not():
    sought = Sought({str(FIRST_ID): 'a body ID of the original'})
    for token, times in (('{}.0', 1), ('0.{}', 0), ('9{}', 0), ('{}', 1), ('-{}', 1)):
        content = f'1 2 {token.format(FIRST_ID)} 3\n'.encode()
        assert len(scan_recording(content, 'x', sought)) == times, token
