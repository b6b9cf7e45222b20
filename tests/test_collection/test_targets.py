# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Files and folders get their names, and what was there before is neither mixed with them nor lost."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from raw_recordings import config, contents, utd_folder

from mmskanon.collection import MotionSettings, ReleaseOptions, RunOptions, anonymize_collection


@pytest.fixture
def folder(tmp_path):
    return utd_folder(tmp_path / 'raw', 6)


def anonymize(source, target, release=None, **options):
    motion = MotionSettings(config(), None)
    return anonymize_collection(
        motion, source, target, release=release, run=RunOptions(chunk=3, **options)
    )


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


def test_times_of_released_files_do_not_tell_the_order_of_the_original(folder, tmp_path):
    anonymize(folder, tmp_path / 'made', ReleaseOptions())
    made = tmp_path / 'made'
    assert {path.stat().st_mtime for path in (made, *made.iterdir())} == {315532800.0}


@pytest.fixture
def memory():
    """A folder in memory, where listings follow the order in which files came into a folder."""
    if not os.access('/dev/shm', os.W_OK):
        pytest.skip('there is no /dev/shm, whose listings tell the order of files')
    folder = Path(tempfile.mkdtemp(dir='/dev/shm'))
    yield folder
    shutil.rmtree(folder)


def test_the_listing_of_a_released_folder_does_not_tell_the_order_of_the_original(folder, memory):
    listings = []
    for name in 'ab':
        anonymize(folder, memory / name, ReleaseOptions())
        listings.append(os.listdir(memory / name))
    assert all(found in (sorted(found), sorted(found, reverse=True)) for found in listings)


def test_a_kill_while_files_come_anew_into_a_folder_makes_no_difference(
    folder, tmp_path, monkeypatch
):
    (tmp_path / 'key').write_bytes(b'sixteen bytes or more')
    release = ReleaseOptions(key_file=tmp_path / 'key')
    replace, moved = os.replace, []

    def killed(source, target):
        if Path(target).parent.name == 'sorted':
            moved.append(target)
            if len(moved) == 3:
                raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'replace', killed)
        with pytest.raises(KeyboardInterrupt):
            anonymize(folder, tmp_path / 'made', release)
    assert len(contents(tmp_path / '.made.work' / 'sorted')) == 2
    for name in ('made', 'whole'):
        anonymize(folder, tmp_path / name, release)
    assert contents(tmp_path / 'made') == contents(tmp_path / 'whole')
    assert not (tmp_path / '.made.work').exists()


def test_a_folder_is_as_open_as_its_owner_wants_it(folder, tmp_path):
    before = os.umask(0o077)
    try:
        anonymize(folder, tmp_path / 'made')
    finally:
        os.umask(before)
    assert (tmp_path / 'made').stat().st_mode & 0o777 == 0o700


def test_what_a_killed_replacement_left_is_no_hindrance(folder, tmp_path):
    for place in ('made', '.made.replaced'):
        (tmp_path / place).mkdir()
        (tmp_path / place / 'old.mat').write_text('x')
    anonymize(folder, tmp_path / 'made', overwrite=True)
    assert listing(tmp_path) == ['made', 'raw'] and len(contents(tmp_path / 'made')) == 6


@pytest.mark.parametrize(
    ('names', 'words'),
    [
        (['thesis.tex'], r'holds one file that is no utd_mhad recording: thesis.tex; move'),
        (['sub/photo.jpg', 'x.mat', '.hidden'], r'holds 2 files that are no .*: .hidden, for one'),
    ],
)
def test_a_folder_with_something_else_is_never_replaced(folder, tmp_path, names, words):
    for name in names:
        (tmp_path / 'made' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'made' / name).write_text('x')
    with pytest.raises(FileExistsError, match=words):
        anonymize(folder, tmp_path / 'made', overwrite=True)
    assert sorted(contents(tmp_path / 'made')) == sorted(names)
    assert listing(tmp_path) == ['made', 'raw']


def test_what_somebody_puts_into_a_folder_meanwhile_is_not_lost(folder, tmp_path):
    anonymize(folder, tmp_path / 'made')
    anonymize(folder, tmp_path / 'made', overwrite=True, shard=(0, 1))
    (tmp_path / 'made' / 'notes.txt').write_text('x')
    with pytest.raises(FileExistsError, match='notes.txt'):
        anonymize(folder, tmp_path / 'made', overwrite=True)
    assert len(listing(tmp_path / 'made')) == 7
    (tmp_path / 'made' / 'notes.txt').unlink()
    anonymize(folder, tmp_path / 'made', overwrite=True)
    assert listing(tmp_path) == ['made', 'raw'] and len(listing(tmp_path / 'made')) == 6


def test_a_link_to_a_folder_is_replaced_and_the_folder_stays(folder, tmp_path):
    (tmp_path / 'old').mkdir()
    (tmp_path / 'old' / 'precious').write_text('x')
    (tmp_path / 'made').symlink_to(tmp_path / 'old')
    anonymize(folder, tmp_path / 'made', overwrite=True)
    assert listing(tmp_path) == ['made', 'old', 'raw']
    assert listing(tmp_path / 'old') == ['precious'] and len(contents(tmp_path / 'made')) == 6


def test_a_folder_comes_back_where_the_new_one_cannot_take_its_place(folder, tmp_path, monkeypatch):
    (tmp_path / 'made').mkdir()
    (tmp_path / 'made' / 'old.mat').write_text('x')
    replace = os.replace

    def fail(source, target):
        if str(source).endswith('parts'):
            raise OSError('the disk is gone')
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'replace', fail)
        with pytest.raises(OSError, match='the disk is gone'):
            anonymize(folder, tmp_path / 'made', overwrite=True)
    assert listing(tmp_path / 'made') == ['old.mat']
    anonymize(folder, tmp_path / 'made', overwrite=True)
    assert listing(tmp_path) == ['made', 'raw'] and len(contents(tmp_path / 'made')) == 6


def test_versions_have_each_their_provenance(folder, tmp_path):
    for name in ('public.v1', 'public.v2', 'public.v3.zip', 'public.v3/'):
        target = f'{tmp_path}/{name}'
        if name == 'public.v3/':
            with pytest.raises(FileExistsError, match=r'public.v3.provenance.json exists'):
                anonymize(folder, target, ReleaseOptions())
        else:
            anonymize(folder, target, ReleaseOptions())
    files = [name for name in listing(tmp_path) if name.endswith('.json')]
    assert files == [f'public.v{number}.provenance.json' for number in (1, 2, 3)]


def test_what_a_run_reads_is_not_replaced(folder, tmp_path):
    (tmp_path / 'made').mkdir()
    (tmp_path / 'made' / 'key').write_bytes(b'sixteen bytes or more')
    release = ReleaseOptions(key_file=tmp_path / 'made' / 'key')
    with pytest.raises(ValueError, match='would take the place of .*key, which this run reads'):
        anonymize(folder, tmp_path / 'made', release, overwrite=True)
    assert listing(tmp_path / 'made') == ['key']


@pytest.mark.parametrize('target', ['.', '..'])
def test_a_place_is_no_name(folder, tmp_path, monkeypatch, target):
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    monkeypatch.chdir(tmp_path / 'a' / 'b')
    with pytest.raises(ValueError, match='is no name for an output'):
        anonymize(folder, target, ReleaseOptions(), overwrite=True)
