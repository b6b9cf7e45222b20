# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Every converter finds all files of a folder or an archive, whatever system they come from, and names those that it cannot read."""

import pytest
from archive_files import zipped

from mmskanon.datasets.converters import utd_mhad_files
from mmskanon.datasets.converters.etri import recordings as etri
from mmskanon.datasets.converters.ntu import recordings as ntu
from mmskanon.io import close_archives

LISTED = {
    'ntu': (lambda path: ntu.list_recordings(path)[0], 'S001C001P001R001A{:03d}', '.skeleton'),
    'etri': (lambda path: etri.list_etri_files([path])[0], 'A{:03d}_P001_G001_C001', '.csv'),
    'utd_mhad': (
        lambda path: utd_mhad_files.list_recordings(path)[0],
        'a{}_s1_t1_skeleton',
        '.mat',
    ),
}


@pytest.fixture(params=LISTED)
def converter(request):
    """Lists the recordings of a folder or an archive; makes the name of an action; the suffix."""
    read, name, suffix = LISTED[request.param]
    yield read, name.format, suffix
    close_archives()


def test_suffixes_in_capitals(converter, tmp_path):
    read, name, suffix = converter
    (tmp_path / (name(1) + suffix)).touch()
    (tmp_path / (name(2) + suffix.upper())).touch()
    assert len(read(tmp_path)) == 2


def test_archives_of_windows(converter, tmp_path):
    read, name, suffix = converter
    members = {f'raw\\{name(1)}{suffix}': b'1', f'raw\\deep\\{name(2)}{suffix.upper()}': b'2'}
    (tmp_path / 'a.zip').write_bytes(zipped(members))
    assert len(read(tmp_path / 'a.zip')) == 2


def test_folders_behind_links(converter, tmp_path):
    read, name, suffix = converter
    for number, folder in enumerate(('raw', 'elsewhere'), 1):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / (name(number) + suffix)).touch()
    (tmp_path / 'raw' / 'more').symlink_to(tmp_path / 'elsewhere')
    assert len(read(tmp_path / 'raw')) == 2
    (tmp_path / 'raw' / 'again').symlink_to(tmp_path / 'raw')
    with pytest.raises(ValueError, match='again leads to .*raw already; remove the link'):
        read(tmp_path / 'raw')


@pytest.mark.parametrize('kind', ['ntu', 'etri'])
def test_links_to_nothing_are_named_when_they_are_read(kind, tmp_path):
    read, name, suffix = LISTED[kind]
    (tmp_path / (name.format(1) + suffix)).symlink_to(tmp_path / 'gone')
    (recording,) = read(tmp_path)
    with pytest.raises(ValueError, match='cannot be read .*check the file'):
        recording.read_bytes() if kind == 'ntu' else etri.read_bytes(recording.path)
