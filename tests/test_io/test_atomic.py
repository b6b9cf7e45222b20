# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Outputs are whole or absent, whatever happens on the way."""

import errno
import os
import pickle
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest

from mmskanon.io import (
    atomic_path,
    atomic_pickle,
    atomic_write_bytes,
    load_annotations,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_is_complete_and_alone(tmp_path):
    target = tmp_path / 'out.bin'
    atomic_write_bytes(b'content', target)
    assert target.read_bytes() == b'content'
    assert names(tmp_path) == ['out.bin']


def test_a_pickle_reads_back(tmp_path):
    data = {'split': {'train': ['a']}, 'annotations': [{'keypoint': np.ones((1, 2, 3, 3))}]}
    atomic_pickle(data, tmp_path / 'out.pkl')
    loaded = load_annotations(tmp_path / 'out.pkl')
    assert loaded['split'] == data['split']
    np.testing.assert_array_equal(loaded['annotations'][0]['keypoint'], np.ones((1, 2, 3, 3)))


def test_the_temporary_file_is_beside_the_target_and_keeps_its_suffix(tmp_path):
    target = tmp_path / 'film.gif'
    with atomic_path(target) as path:
        assert path.parent == target.parent
        assert path.suffix == '.gif'
        assert not path.exists()
        path.write_bytes(b'x')
        assert not target.exists()
    assert target.exists()


def test_an_existing_file_is_kept(tmp_path):
    target = tmp_path / 'out.bin'
    target.write_bytes(b'old')
    with pytest.raises(FileExistsError, match=r'out\.bin exists already'):
        atomic_write_bytes(b'new', target)
    assert target.read_bytes() == b'old'
    assert names(tmp_path) == ['out.bin']


def test_a_file_that_appears_meanwhile_is_kept(tmp_path):
    target = tmp_path / 'out.bin'
    with pytest.raises(FileExistsError, match='exists already'), atomic_path(target) as path:
        path.write_bytes(b'mine')
        target.write_bytes(b'theirs')
    assert target.read_bytes() == b'theirs'
    assert names(tmp_path) == ['out.bin']


def test_overwriting_on_demand(tmp_path):
    target = tmp_path / 'out.bin'
    target.write_bytes(b'old')
    atomic_write_bytes(b'new', target, overwrite=True)
    assert target.read_bytes() == b'new'


def test_a_folder_is_not_a_target(tmp_path):
    with pytest.raises(IsADirectoryError, match='is a folder'):
        atomic_write_bytes(b'x', tmp_path, overwrite=True)


def test_a_link_is_followed(tmp_path):
    (tmp_path / 'real').mkdir()
    real, link = tmp_path / 'real' / 'out.bin', tmp_path / 'link.bin'
    real.write_bytes(b'old')
    link.symlink_to(real)
    atomic_write_bytes(b'new', link, overwrite=True)
    assert link.is_symlink()
    assert real.read_bytes() == b'new'


def test_permissions_follow_the_umask(tmp_path):
    old = os.umask(0o022)
    try:
        atomic_write_bytes(b'x', tmp_path / 'out.bin')
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / 'out.bin').stat().st_mode) == 0o644


@pytest.mark.parametrize('overwrite', [False, True])
@pytest.mark.parametrize('error', [ValueError('bad'), KeyboardInterrupt(), SystemExit(1)])
def test_nothing_is_left_after_an_interrupted_write(tmp_path, error, overwrite):
    target = tmp_path / 'out.bin'
    if overwrite:
        target.write_bytes(b'old')
    before = names(tmp_path)
    with pytest.raises(type(error)), atomic_path(target, overwrite) as path:
        path.write_bytes(b'half')
        raise error
    assert names(tmp_path) == before
    assert not overwrite or target.read_bytes() == b'old'


def test_missing_folders_are_made_and_removed_again(tmp_path):
    target = tmp_path / 'a' / 'b' / 'out.bin'
    with pytest.raises(ValueError, match='bad'), atomic_path(target) as path:
        path.write_bytes(b'half')
        raise ValueError('bad')
    assert names(tmp_path) == []
    atomic_write_bytes(b'x', target)
    assert target.read_bytes() == b'x'


class FullDisk:
    """File that takes a few bytes and then reports a full disk."""

    def __init__(self, file):
        self.file = file
        self.room = 10

    def write(self, data):
        data = bytes(data)
        self.file.write(data[: self.room])
        if len(data) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(data)
        return len(data)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()


def test_a_full_disk_while_writing(tmp_path, monkeypatch):
    def open_full(path, mode):
        return FullDisk(open(path, mode))

    monkeypatch.setattr('mmskanon.io.atomic.open', open_full, raising=False)
    target = tmp_path / 'new' / 'out.pkl'
    with pytest.raises(OSError, match='the disk is full: .*out.pkl was not written') as caught:
        atomic_pickle({'annotations': list(range(1000))}, target)
    assert caught.value.errno == errno.ENOSPC
    assert names(tmp_path) == []


def test_a_full_disk_on_flush_keeps_the_old_file(tmp_path, monkeypatch):
    def fsync(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / 'out.bin'
    target.write_bytes(b'old')
    monkeypatch.setattr(os, 'fsync', fsync)
    with pytest.raises(OSError, match='nothing was left behind'):
        atomic_write_bytes(b'new', target, overwrite=True)
    assert target.read_bytes() == b'old'
    assert names(tmp_path) == ['out.bin']


def test_other_disk_errors_pass_unchanged(tmp_path):
    error = OSError(errno.EIO, 'broken')
    with pytest.raises(OSError, match='broken') as caught, atomic_path(tmp_path / 'out.bin'):
        raise error
    assert caught.value is error


def test_what_cannot_be_pickled_leaves_nothing(tmp_path):
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        atomic_pickle({'annotations': lambda: None}, tmp_path / 'out.pkl')
    assert names(tmp_path) == []


def test_an_interrupt_from_outside_leaves_nothing(tmp_path):
    code = (
        'import importlib.util, signal, sys, time\n'
        # In the background of a shell it is ignored.
        'signal.signal(signal.SIGINT, signal.default_int_handler)\n'
        'spec = importlib.util.spec_from_file_location("atomic", sys.argv[1])\n'
        'atomic = importlib.util.module_from_spec(spec); spec.loader.exec_module(atomic)\n'
        'with atomic.atomic_path(sys.argv[2]) as path:\n'
        '    path.write_bytes(b"half"); print("ready", flush=True)\n'
        '    while True: time.sleep(0.05)\n'
    )
    source = sys.modules[atomic_path.__module__].__file__
    process = subprocess.Popen(
        [sys.executable, '-c', code, source, str(tmp_path / 'out.bin')],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline() == b'ready\n'
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert names(tmp_path) == []
