# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The dry runs that the READMEs of the large data sets give are run as they stand, on converted recordings of made-up people."""

import os
import re
import subprocess
import sys
from pathlib import Path

import etri_files
import ntu_files
import pytest

from mmskanon.io import load_checkpoint

REPO = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r'^## Dry run on a CPU\n.*?^```bash\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def ntu60(folder: Path) -> list[str]:
    """Write recordings, and return the command that converts them to where the configs look."""
    ntu_files.write_collection(folder / 'raw', subjects=(1, 2), actions=(1, 2), cameras=(1, 2))
    return ['tools/data/ntu.py', 'raw', 'data/ntu/ntu60.pkl']


def etri(folder: Path) -> list[str]:
    """The same for ETRI-Activity3D."""
    etri_files.write_collection(folder / 'raw', actions=(1, 2), subjects=6, cameras=(1,))
    return ['tools/data/etri.py', 'raw', 'data/etri/etri.pkl']


@pytest.mark.parametrize('prepare', [ntu60, etri])
def test_the_commands_of_the_readme_train_every_party(prepare, tmp_path):
    readme = REPO / 'configs' / prepare.__name__ / 'README.md'
    (commands,) = BLOCK.findall(readme.read_text(encoding='utf-8'))
    for name in ('configs', 'tools'):
        (tmp_path / name).symlink_to(REPO / name)
    python = tmp_path / 'bin' / 'python'
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    path = f'{python.parent}{os.pathsep}{os.environ["PATH"]}'
    env = {**os.environ, 'PYTHONPATH': str(REPO), 'PATH': path, 'OMP_NUM_THREADS': '1'}
    convert = ' '.join(['python', *prepare(tmp_path), '--workers', '1'])
    script = f'set -e\n{convert}\n{commands}'
    ended = subprocess.run(
        ['bash', '-c', script], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    private = 'subject' if prepare is ntu60 else 'gender'
    made = {p.parent.name for p in (tmp_path / 'work_dirs' / 'dry').glob('*/epoch_1.pth')}
    assert made == {'action', private, 'attacker', 'unet'}
    states = [
        load_checkpoint(tmp_path / 'work_dirs' / 'dry' / name / 'epoch_1.pth')['state_dict']
        for name in (private, 'attacker')
    ]
    assert any(not states[1][key].equal(value) for key, value in states[0].items())
    assert 'privacy/attacker.other_seed/top1' in ended.stdout + ended.stderr
