# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Members of archives are unpacked whole or not at all, and never beyond what is allowed."""

import multiprocessing
import tracemalloc
import zipfile

import pytest
from archive_files import lying, zipped

from mmskanon.io import close_archives, open_archive, read_member

CONTENT = b'0.125 0.25 0.5\n' * 40


@pytest.fixture
def read(tmp_path):
    """Read the only member of an archive of the given bytes."""

    def read(content: bytes, limit: int = 2**20) -> bytes:
        path = tmp_path / 'a.zip'
        path.write_bytes(content)
        archive = open_archive(path)
        return read_member(archive, *archive.infolist(), limit, 'a.zip!a')

    yield read
    close_archives()


@pytest.mark.parametrize('method', [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize('content', [CONTENT, b''])
def test_a_member_comes_back(read, method, content):
    assert read(zipped({'a': content}, method), limit=len(content)) == content


def test_a_member_beyond_the_limit_is_not_unpacked(read, monkeypatch):
    content = zipped({'a': CONTENT})
    monkeypatch.setattr(zipfile.ZipFile, 'open', lambda *_: pytest.fail('it was unpacked'))
    with pytest.raises(ValueError, match='^a.zip!a unpacks to 600 bytes, more than the 599'):
        read(content, limit=599)


def test_a_bomb_is_not_unpacked_beyond_what_it_claims(read):
    bomb = lying(zipped({'a': bytes(2**25)}))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match='^a.zip!a cannot be unpacked'):
            read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_cannot_be_unpacked_piece_by_piece_are_refused(read, method):
    with pytest.raises(ValueError, match=f'^a.zip!a is compressed by method {method}'):
        read(zipped({'a': CONTENT}, method))


def test_damage_is_told(read):
    with pytest.raises(ValueError, match=r'^a.zip!a cannot be unpacked \(Bad CRC-32'):
        read(zipped({'a': CONTENT}, zipfile.ZIP_STORED).replace(b'0.125', b'0.126', 1))


def test_a_member_that_ends_early_is_told(read):
    with pytest.raises(ValueError, match='^a.zip!a unpacks to 600 bytes, expected 700'):
        read(lying(zipped({'a': CONTENT}), claimed=700))


def test_an_open_archive_is_kept_and_no_process_reads_through_the_handle_of_another(tmp_path):
    path = tmp_path / 'a.zip'
    path.write_bytes(zipped({'a': CONTENT}))
    archive = open_archive(path)
    assert open_archive(str(path)) is archive
    context = multiprocessing.get_context('fork')
    shared = context.Queue()
    child = context.Process(target=lambda: shared.put(open_archive(path) is archive))
    child.start()
    assert shared.get(timeout=60) is False
    child.join(60)
    close_archives()
    assert open_archive(path) is not archive
    close_archives()
