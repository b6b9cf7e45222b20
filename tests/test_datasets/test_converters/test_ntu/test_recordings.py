# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Finding recordings in folders and archives, and the owners' lists."""

import zipfile

import pytest
from ntu_files import person, recording, text_of, write

from mmskanon.datasets.converters.ntu.recordings import (
    list_recordings,
    read_missing,
)
from mmskanon.io import close_archives

CONTENT = text_of(recording(2, (1, 0, person(2))))
FIRST, SECOND = 'S001C001P001R001A001', 'S001C001P001R001A002'


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / 'some.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as target:
        target.writestr(f'nturgb+d_skeletons/{SECOND}.skeleton', CONTENT)
        target.writestr(f'nturgb+d_skeletons/{FIRST}.skeleton', CONTENT)
        target.writestr(f'__MACOSX/nturgb+d_skeletons/._{FIRST}.skeleton', b'resource fork')
        target.writestr('readme.txt', b'hello')
    yield path
    close_archives()


def test_folders_are_searched_and_sorted(tmp_path):
    write(tmp_path / 'b' / 'deep', FIRST, CONTENT)
    write(tmp_path / 'a', SECOND, CONTENT)
    (tmp_path / 'notes.txt').write_text('hello')
    found, bad = list_recordings(tmp_path)
    assert [r.name for r in found] == [FIRST, SECOND] and bad == []
    assert found[0].read_bytes() == CONTENT
    assert found[0].where == str(tmp_path / 'b' / 'deep' / f'{FIRST}.skeleton')


def test_archives_are_read_without_unpacking(archive, tmp_path):
    found, bad = list_recordings([archive])
    assert [r.name for r in found] == [FIRST, SECOND] and bad == []
    assert found[1].read_bytes() == CONTENT
    assert found[1].where == f'{archive}!nturgb+d_skeletons/{SECOND}.skeleton'
    assert sorted(p.name for p in tmp_path.iterdir()) == ['some.zip']


def test_a_changed_file_has_another_stamp(tmp_path):
    path = write(tmp_path, FIRST, CONTENT)
    before = list_recordings(tmp_path)[0][0].stamp
    path.write_bytes(CONTENT + b'\r\n')
    assert list_recordings(tmp_path)[0][0].stamp != before


def test_what_cannot_be_used(archive, tmp_path):
    folder = tmp_path / 'folder'
    write(folder, FIRST, CONTENT)
    with pytest.raises(ValueError, match=rf'{FIRST}.*keep one of the two files'):
        list_recordings([folder, archive])
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match=r'empty holds no \.skeleton file'):
        list_recordings([folder, tmp_path / 'empty'])
    with pytest.raises(FileNotFoundError, match='gone does not exist'):
        list_recordings(tmp_path / 'gone')
    (tmp_path / 'text.zip').write_text('no archive')
    with pytest.raises(ValueError, match='neither a folder nor a readable zip archive'):
        list_recordings(tmp_path / 'text.zip')


def test_bad_names_are_listed(tmp_path):
    write(tmp_path, FIRST, CONTENT)
    path = write(tmp_path, 'walking', CONTENT)
    found, bad = list_recordings(tmp_path)
    assert [r.name for r in found] == [FIRST]
    ((where, sentence),) = bad
    assert where == str(path) and 'is not named like a recording' in sentence


def test_damaged_member(archive):
    content = bytearray(archive.read_bytes())
    content[100:140] = bytes(40)
    archive.write_bytes(content)
    found, _ = list_recordings(archive)
    with pytest.raises(ValueError, match=rf'some\.zip!.*{SECOND}\.skeleton cannot be unpacked'):
        found[1].read_bytes()


def test_vanished_file(tmp_path):
    path = write(tmp_path, FIRST, CONTENT)
    found, _ = list_recordings(tmp_path)
    path.unlink()
    with pytest.raises(ValueError, match=rf'{FIRST}\.skeleton cannot be read'):
        found[0].read_bytes()


class TestMissing:
    def test_lists_with_an_introduction(self, tmp_path):
        one, other = tmp_path / 'one.txt', tmp_path / 'other.txt'
        one.write_text(f'2 of the samples have no skeleton.\nIgnore them.\n\n{FIRST}\n{SECOND}\n')
        other.write_bytes(f'{FIRST}.skeleton\r\nS002C001P001R001A001\r\n\r\n'.encode())
        assert read_missing([one, other]) == {FIRST, SECOND, 'S002C001P001R001A001'}
        assert read_missing([]) == set()

    def test_a_byte_order_mark_hides_no_name(self, tmp_path):
        path = tmp_path / 'list.txt'
        path.write_text(f'{FIRST}\n{SECOND}\n', encoding='utf-8-sig')
        assert read_missing([path]) == {FIRST, SECOND}

    def test_bad_lists(self, tmp_path):
        path = tmp_path / 'list.txt'
        with pytest.raises(FileNotFoundError, match=r'list\.txt is not there'):
            read_missing([path])
        path.write_text('nothing\n')
        with pytest.raises(ValueError, match=r'list\.txt names no recording'):
            read_missing([path])
        path.write_text(f'{FIRST}\nS001C001\n')
        with pytest.raises(ValueError, match=r"list\.txt, line 2: .*'S001C001'"):
            read_missing([path])
