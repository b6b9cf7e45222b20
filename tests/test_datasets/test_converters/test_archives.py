# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""No converter trusts an archive: what a member may unpack to is limited, and a broken one is named."""

import tracemalloc
import zipfile

import pytest
from archive_files import lying, zipped

from mmskanon.datasets.converters import utd_mhad_files
from mmskanon.datasets.converters.etri import recordings as etri
from mmskanon.datasets.converters.ntu import recordings as ntu
from mmskanon.io import close_archives


def read_etri(path):
    ((recording,), _, _) = etri.list_etri_files([path])
    return etri.read_bytes(recording.path, recording.member)


def read_ntu(path):
    ((recording,), _) = ntu.list_recordings(path)
    return recording.read_bytes()


def read_utd_mhad(path):
    ((recording,), _) = utd_mhad_files.list_recordings(path)
    return recording.read_bytes()


CONVERTERS = {
    'etri': (read_etri, 'raw/A001_P001_G001_C001.csv', etri.MAX_BYTES),
    'ntu': (read_ntu, 'raw/S001C001P001R001A001.skeleton', ntu.MAX_BYTES),
    'utd_mhad': (read_utd_mhad, 'raw/a1_s1_t1_skeleton.mat', utd_mhad_files.MAX_BYTES),
}
CONTENT = b'0.125 0.25 0.5\n' * 40


@pytest.fixture(params=CONVERTERS)
def converter(request, tmp_path):
    """Reads the only recording in an archive of the given bytes; its name in there; the most bytes allowed."""
    read, name, most = CONVERTERS[request.param]
    path = tmp_path / 'a.zip'

    def read_archive(content: bytes) -> bytes:
        path.write_bytes(content)
        return read(path)

    yield read_archive, name, most
    close_archives()


def test_a_member_is_read(converter):
    read, name, _ = converter
    assert read(zipped({name: CONTENT})) == CONTENT


def test_what_claims_too_much_is_not_unpacked(converter, monkeypatch):
    read, name, most = converter
    content = lying(zipped({name: CONTENT}), most + 1)
    monkeypatch.setattr(zipfile.ZipFile, 'open', lambda *_: pytest.fail('it was unpacked'))
    with pytest.raises(
        ValueError, match=f'a.zip!{name} unpacks to {most + 1} bytes, more than the {most} allowed'
    ):
        read(content)


def test_what_claims_too_little_is_not_unpacked_beyond_that(converter):
    read, name, _ = converter
    bomb = lying(zipped({name: bytes(2**25)}))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f'a.zip!{name} cannot be unpacked'):
            read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('method', [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_broken_member_is_named(converter, method):
    read, name, _ = converter
    content = bytearray(zipped({name: CONTENT}, method))
    start = content.index(name.encode()) + len(name)
    content[start + 8 : start + 12] = b'\xff' * 4
    with pytest.raises(ValueError, match=f'a.zip!{name} cannot be unpacked'):
        read(bytes(content))
