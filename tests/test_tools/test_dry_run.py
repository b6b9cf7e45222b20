# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The dry runs that the READMEs of the large data sets give are run as they stand, on converted recordings of made-up people."""

import re
import subprocess
from pathlib import Path

import etri_files
import ntu_files
import pytest

from mmskanon.io import load_checkpoint

REPO = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r'^## Dry run on a CPU\n.*?^```bash\n(.*?)^```$', re.MULTILINE | re.DOTALL)
# In place of Python: what bash makes of the lines is run in this process, because a new one takes seconds to import what a tool needs.
RECORD = "python() { printf '%s\\0' \"$@\"; printf '\\n'; }\nset -e\n"


def ntu60(folder: Path) -> list[str]:
    """Write recordings, and return the arguments of their converter, which writes to where the configs look."""
    ntu_files.write_collection(folder / 'raw', subjects=(1, 2), actions=(1, 2), cameras=(1, 2))
    return ['data/ntu', 'raw', 'data/ntu/ntu60.pkl']


def etri(folder: Path) -> list[str]:
    """The same for ETRI-Activity3D."""
    etri_files.write_collection(folder / 'raw', actions=(1, 2), subjects=6, cameras=(1,))
    return ['data/etri', 'raw', 'data/etri/etri.pkl']


@pytest.mark.parametrize('prepare', [ntu60, etri])
def test_the_commands_of_the_readme_train_every_party(prepare, tool, tmp_path):
    readme = REPO / 'configs' / prepare.__name__ / 'README.md'
    (block,) = BLOCK.findall(readme.read_text(encoding='utf-8'))
    recorded = subprocess.run(
        ['bash', '-c', RECORD + block], capture_output=True, text=True, check=True
    )
    commands = [line.split('\0')[:-1] for line in recorded.stdout.splitlines()]
    assert {script for script, *_ in commands} == {'tools/train.py'} and len(commands) == 4
    (tmp_path / 'configs').symlink_to(REPO / 'configs')
    assert tool(*prepare(tmp_path), '--workers', '1').code == 0
    for _, *arguments in commands:
        done = tool('train', *arguments)
        assert done.code == 0, done.err
    private = 'subject' if prepare is ntu60 else 'gender'
    made = {p.parent.name for p in (tmp_path / 'work_dirs' / 'dry').glob('*/epoch_1.pth')}
    assert made == {'action', private, 'attacker', 'unet'}
    states = [
        load_checkpoint(tmp_path / 'work_dirs' / 'dry' / name / 'epoch_1.pth')['state_dict']
        for name in (private, 'attacker')
    ]
    assert any(not states[1][key].equal(value) for key, value in states[0].items())
    assert 'privacy/attacker.other_seed/top1' in done.out + done.err
