# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Command lines of the converters: what they print, what they write, and how they refuse."""

import errno
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mmskanon.io.pickles import load_annotations

REPO = Path(__file__).resolve().parents[2]
UTD, SYNTHETIC = REPO / 'tools' / 'data' / 'utd_mhad.py', REPO / 'tools' / 'data' / 'synthetic.py'
SMALL = ['--num-subjects', '2', '--num-actions', '3', '--two-person-actions', '1', '--trials', '2']


def call(tool: Path, *argv) -> str:
    """Run a tool in this process; the message with which it ends, empty for success."""
    main = runpy.run_path(str(tool))['main']
    try:
        main([str(arg) for arg in argv])
    except SystemExit as end:
        return str(end.code)
    return ''


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / 'mat'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for trial in (1, 2, 3):
        savemat(
            folder / f'a4_s2_t{trial}_skeleton.mat',
            {'d_skel': rng.normal(size=(20, 3, 40 + trial))},
        )
    return folder


def left_behind(folder: Path) -> list[str]:
    return sorted(
        path.name for path in folder.iterdir() if path.suffix != '.mat' and path.is_file()
    )


class TestUTD:
    def test_converts_and_prints_a_summary(self, recordings, tmp_path, capsys):
        out = tmp_path / 'made' / 'on the way' / 'utd.pkl'
        assert call(UTD, recordings, out) == ''
        data = load_annotations(out)
        assert data['split'] == {'train': ['a4_s2_t1', 'a4_s2_t2'], 'test': ['a4_s2_t3']}
        assert data['annotations'][0]['keypoint'].shape == (1, 41, 20, 3)
        printed = capsys.readouterr()
        for word in ('train', 'test', 'all', 'samples', 'subjects', 'median', '41', '43'):
            assert word in printed.out
        assert '861 of the 864 planned performances have no file' in printed.out
        assert 'Reading' in printed.err

    def test_as_a_command_it_ends_in_one_sentence(self, recordings, tmp_path):
        (recordings / 'a4_s2_t4_skeleton.mat').write_bytes(b'cut')
        ended = subprocess.run(
            [sys.executable, str(UTD), str(recordings), str(tmp_path / 'utd.pkl')],
            capture_output=True,
            text=True,
            env={**os.environ, 'PYTHONPATH': str(REPO)},
        )
        assert ended.returncode == 1
        assert 'a4_s2_t4_skeleton.mat is damaged' in ended.stderr.splitlines()[-1]
        assert 'Traceback' not in ended.stderr
        assert left_behind(tmp_path) == []

    def test_the_whole_data_set(self, utd_dir, tmp_path, capsys):
        assert call(UTD, utd_dir, tmp_path / 'utd.pkl') == ''
        assert len(load_annotations(tmp_path / 'utd.pkl')['annotations']) == 861
        assert '3 of the 864 planned performances have no file' in capsys.readouterr().out

    def test_other_sensors_are_reported(self, recordings, tmp_path, capsys):
        (recordings / 'a4_s2_t1_inertial.mat').write_bytes(b'not looked at')
        assert call(UTD, recordings, tmp_path / 'utd.pkl') == ''
        assert '1 files of other sensors left aside' in capsys.readouterr().out

    def test_overwrite_only_on_request(self, recordings, tmp_path):
        out = tmp_path / 'utd.pkl'
        out.write_bytes(b'precious')
        assert 'exists already' in call(UTD, recordings, out)
        assert out.read_bytes() == b'precious'
        assert call(UTD, recordings, out, '--overwrite') == ''
        assert len(load_annotations(out)['annotations']) == 3

    @pytest.mark.parametrize(
        ('content', 'message'),
        [(b'MATLAB', 'is damaged or not a MATLAB file'), (None, "lacks the variable 'd_skel'")],
    )
    def test_bad_recording(self, recordings, tmp_path, content, message):
        bad = recordings / 'a5_s1_t1_skeleton.mat'
        if content is None:
            savemat(bad, {'skeleton': np.zeros((20, 3, 4))})
        else:
            bad.write_bytes(content)
        ended = call(UTD, recordings, tmp_path / 'utd.pkl')
        assert message in ended and 'a5_s1_t1_skeleton.mat' in ended
        assert left_behind(tmp_path) == []

    def test_missing_source(self, tmp_path):
        assert 'does not exist' in call(UTD, tmp_path / 'nowhere', tmp_path / 'utd.pkl')
        assert left_behind(tmp_path) == []


class TestSynthetic:
    def test_generates_and_prints_a_summary(self, tmp_path, capsys):
        out = tmp_path / 'synthetic.pkl'
        assert call(SYNTHETIC, out, *SMALL) == ''
        data = load_annotations(out)
        assert len(data['annotations']) == 12 and len(data['split']['test']) == 6
        printed = capsys.readouterr().out
        assert 'wave right, squat, handshake' in printed
        assert 'bone_lengths, tempo, posture, bias, gender' in printed

    def test_options_reach_the_generator(self, tmp_path, capsys):
        outs = [tmp_path / f'{name}.pkl' for name in 'abcd']
        options = (['--seed', 1], ['--seed', 1], ['--seed', 2], ['--seed', 1, '--cues', 'none'])
        for out, more in zip(outs, options, strict=True):
            assert call(SYNTHETIC, out, *SMALL, '--frames', 5, 6, *more) == ''
        assert 'Identity cues: none' in capsys.readouterr().out
        contents = [out.read_bytes() for out in outs]
        assert contents[0] == contents[1]
        assert len(set(contents)) == 3
        assert load_annotations(outs[0])['annotations'][0]['total_frames'] in (5, 6)

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            (['--trials', 1], 'trials must be a whole number of at least 2'),
            (['--cues', 'none', 'tempo'], "'none' excludes the others"),
            (['--noise-std', -1], 'noise_std must be'),
        ],
    )
    def test_bad_options(self, tmp_path, options, message):
        assert message in call(SYNTHETIC, tmp_path / 'x.pkl', *options)
        assert left_behind(tmp_path) == []

    def test_refuses_to_overwrite(self, tmp_path):
        out = tmp_path / 'x.pkl'
        out.write_bytes(b'precious')
        assert 'exists already' in call(SYNTHETIC, out, *SMALL)
        assert out.read_bytes() == b'precious'

    def test_full_disk_leaves_nothing(self, tmp_path, monkeypatch):
        def full(*args, **kwargs):
            raise OSError(errno.ENOSPC, 'No space left on device')

        monkeypatch.setattr('pickle.dump', full)
        assert 'disk is full' in call(SYNTHETIC, tmp_path / 'x.pkl', *SMALL)
        assert left_behind(tmp_path) == []

    def test_interruption_leaves_nothing(self, tmp_path, monkeypatch):
        def interrupt(*args, **kwargs):
            raise KeyboardInterrupt

        monkeypatch.setattr('pickle.dump', interrupt)
        assert 'Interrupted' in call(SYNTHETIC, tmp_path / 'x.pkl', *SMALL)
        assert left_behind(tmp_path) == []
