# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Output that a full disk, an interruption or a kill cuts short is whole or absent."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from refusals import assert_refused, left

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def test_disk_full_on_a_dump(tool, config, ann_file, checkpoint, monkeypatch, tmp_path):
    def fill(obj, file, protocol):
        file.write(b'the first half')
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    arguments = config(ann_file), checkpoint(), '--dump', 'out.pkl', '--metrics', 'out.json'
    monkeypatch.setattr('mmskanon.io.atomic.pickle.dump', fill)
    words = ('the disk is full', 'out.pkl was not written', 'nothing was left')
    assert_refused(tool('test', *arguments), tmp_path, *words, before=['model.pth'])


class TestExport:
    """An export that stops midway."""

    @pytest.fixture
    def arguments(self, config, ann_file, checkpoint, tmp_path):
        return config(ann_file), checkpoint(), ann_file, tmp_path / 'out.pkl'

    @staticmethod
    def stop_at(monkeypatch, sample, error):
        """Raise an error when the export comes to a sample."""
        from mmskanon.collection import motion

        original = motion.anonymize_together

        def stopping(keypoints, anonymizer, normalization, names, *args, **kwargs):
            if any(name.endswith(sample) for name in names):
                raise error
            return original(keypoints, anonymizer, normalization, names, *args, **kwargs)

        monkeypatch.setattr(motion, 'anonymize_together', stopping)

    def test_interrupted(self, tool, arguments, monkeypatch, tmp_path):
        self.stop_at(monkeypatch, 'a2_s2_t1', KeyboardInterrupt)
        done = tool('anonymize', *arguments)
        assert done.code == 130
        assert done.err.splitlines()[-1] == 'interrupted'
        assert left(tmp_path) == ['model.pth']

    @pytest.mark.parametrize('where', ['write', 'flush', 'rename'])
    def test_disk_full(self, tool, arguments, monkeypatch, tmp_path, where):
        """Nothing is left where nothing was done; what was done is kept, and the same command goes on."""
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def refuse(*args, **kwargs):
            raise full

        def fill(self, content):
            with open(self, 'wb') as file:
                file.write(content[: len(content) // 2])
            raise full

        with monkeypatch.context() as patch:
            target = dict(write='pathlib.Path.write_bytes', flush='os.fsync', rename='os.replace')
            patch.setattr(target[where], fill if where == 'write' else refuse)
            done = tool('anonymize', *arguments)
        assert done.code == 1
        last = done.err.splitlines()[-1]
        assert (
            last.startswith('error: ') and 'the disk is full' in last and 'free some space' in last
        )
        assert left(tmp_path) == ['model.pth']
        assert tool('anonymize', *arguments).code == 0
        assert left(tmp_path) == ['model.pth', 'out.pkl']

    def test_an_interrupted_overwrite_keeps_the_old_file(
        self, tool, arguments, monkeypatch, tmp_path
    ):
        arguments[-1].write_bytes(b'old')
        self.stop_at(monkeypatch, 'a2_s2_t1', KeyboardInterrupt)
        assert tool('anonymize', *arguments, '--overwrite').code == 130
        assert arguments[-1].read_bytes() == b'old'
        assert left(tmp_path) == ['model.pth', 'out.pkl']

    @pytest.mark.parametrize('name', ['SIGTERM', 'SIGKILL'])
    def test_killed_while_writing(self, arguments, tmp_path, name):
        """The process sends the signal to itself in the middle of writing."""
        program = f"""
import os, pathlib, runpy, signal, sys

def write_bytes(self, content):
    with open(self, 'wb') as file:
        file.write(content[: len(content) // 2])
    os.kill(os.getpid(), signal.{name})

pathlib.Path.write_bytes = write_bytes
sys.argv = ['anonymize.py', *sys.argv[1:]]
runpy.run_path({str(TOOLS / 'anonymize.py')!r}, run_name='__main__')
"""
        # A process of its own: one forked from here could stop at a lock that a thread of torch held.
        command = [sys.executable, '-c', program, *map(str, arguments)]
        code = subprocess.run(command, capture_output=True, timeout=100).returncode
        unfinished = [n for n in left(tmp_path) if n != 'model.pth']
        if name == 'SIGTERM':
            assert (code, unfinished) == (130, [])
        else:
            assert code == -signal.SIGKILL
            assert (
                '.out.pkl.work' in unfinished and 'out.pkl' not in unfinished
            )  # so the test did reach the middle of writing
