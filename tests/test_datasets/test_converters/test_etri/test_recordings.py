# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import zipfile

import pytest
from etri_files import name_of, people_text, write_collection

from mmskanon.datasets.converters.etri.recordings import (
    Person,
    list_etri_files,
    parse_people,
    read_bytes,
)
from mmskanon.io import close_archives


@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_people(newline):
    found = parse_people(people_text([('m', 24), ('f', 59), ('f', 60), ('M', 88)], newline), 'g')
    assert found == [Person('m', 24), Person('f', 59), Person('f', 60), Person('m', 88)]
    assert [p.age_group for p in found] == ['under 60', 'under 60', '60+', '60+']


def test_people_among_other_columns_and_blank_lines_at_the_end():
    text = b'\xef\xbb\xbfNo\tAge\tNote\tGender\n1\t70\t\tf\n2\t25\tx\tm\n\n\n'
    assert parse_people(text, 'g') == [Person('f', 70), Person('m', 25)]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (b'', "^g lacks the column 'Gender'"),
        (b'Gender,Age\nm,3\n', "lacks the column 'Gender'.*separated by tabs"),
        (b'Gender\tYears\nm\t3\n', "lacks the column 'Age'"),
        (
            b'Gender\tAge\nm\t24\nx\t24\n',
            "line 3: expected the gender m or f of subject 2, found 'x'",
        ),
        (b'Gender\tAge\n\nm\t24\n', "line 2: expected the gender m or f of subject 1, found ''"),
        (b'Gender\tAge\nm\t24.5\n', "line 2: expected the age of subject 1 in years, found '24.5'"),
        (b'Gender\tAge\nm\t0\n', "found '0'"),
        (b'Gender\tAge\nm\n', "age of subject 1 in years, found ''"),
    ],
)
def test_faults_of_the_people_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        parse_people(text, 'g')


def test_folders_and_archives_hold_the_same(tmp_path):
    write_collection(tmp_path / 'raw', subjects=2)
    archive = tmp_path / 'raw.zip'
    with zipfile.ZipFile(archive, 'w') as target:
        for path in (tmp_path / 'raw').rglob('*.*'):
            target.write(path, path.relative_to(tmp_path))
        target.writestr('raw/P001-P050/._A001_P001_G001_C001.csv', b'resource fork')
    plain, _, plain_people = list_etri_files([tmp_path / 'raw'])
    packed, bad, packed_people = list_etri_files([archive])
    assert not bad
    assert [r.name for r in plain] == [r.name for r in packed] == sorted(r.name for r in plain)
    for one, other in zip([r.path for r in plain], packed, strict=True):
        assert read_bytes(one) == read_bytes(other.path, other.member)
    assert read_bytes(*plain_people[0]) == read_bytes(*packed_people[0])
    assert packed[0].where == f'{archive}!raw/P001-P050/A001_P001_G001_C001.csv'
    close_archives()


def test_names(tmp_path):
    for name in ('A002_P100_G003_C008', 'A002P100G003C007', 'A056_P001_G001_C001', 'notes'):
        (tmp_path / f'{name}.csv').touch()
    found, bad, _ = list_etri_files([tmp_path])
    assert [r.name for r in found] == [name_of(2, 100, 3, 7), name_of(2, 100, 3, 8)]
    assert (found[1].action, found[1].subject, found[1].trial, found[1].camera) == (2, 100, 3, 8)
    assert [sentence.removeprefix(where) for where, sentence in bad] == [
        ' names action 56, expected 1 to 55; rename the file or move it elsewhere.',
        ' is not named like a recording of ETRI-Activity3D: expected a name such as A001_P001_G001_C001.csv; '
        'rename the file or move it elsewhere.',
    ]


def test_faults_of_the_sources_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere does not exist'):
        list_etri_files([tmp_path / 'nowhere'])
    with pytest.raises(FileNotFoundError, match=r'holds no file named A\*_P\*_G\*_C\*\.csv'):
        list_etri_files([tmp_path])
    (tmp_path / 'a.zip').write_bytes(b'no archive')
    with pytest.raises(ValueError, match='a.zip is neither a folder nor a readable zip'):
        list_etri_files([tmp_path / 'a.zip'])
    for folder in ('one', 'two'):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'A001_P001_G001_C001.csv').touch()
    with pytest.raises(ValueError, match='repeats A001_P001_G001_C001, found already as'):
        list_etri_files([tmp_path / 'one', tmp_path / 'two'])


def test_damage_inside_an_archive_is_named(tmp_path):
    archive = tmp_path / 'a.zip'
    with zipfile.ZipFile(archive, 'w') as target:
        target.writestr('A001_P001_G001_C001.csv', b'frameNum' * 100)
    archive.write_bytes(archive.read_bytes().replace(b'frameNumframe', b'frameNamframe', 1))
    (recording,), _, _ = list_etri_files([archive])
    with pytest.raises(ValueError, match=r'a\.zip!A001_P001_G001_C001\.csv cannot be unpacked'):
        read_bytes(recording.path, recording.member)
    close_archives()
