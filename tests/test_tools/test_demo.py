# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from mmskanon.io import load_annotations

DEMO = Path(__file__).resolve().parents[2] / 'tools' / 'demo.py'


def test_the_chain_runs_to_its_table_and_does_not_repeat_finished_steps(tool, steps, tmp_path):
    arguments = ['--fast', '--work-dir', str(tmp_path / 'the demo')]
    first = tool('demo', *arguments)
    assert first.code == 0, first.out + first.err
    assert len(steps) == 9 and {'synthetic', 'train', 'test', 'anonymize'} <= set(steps)
    assert 're-identification, training adversary' in first.out
    for name in ('original.json', 'anonymized.json'):
        metrics = json.loads((tmp_path / 'the demo' / name).read_text())
        assert np.isfinite(list(metrics.values())).all()
    assert (tmp_path / 'the demo' / 'before_after.png').stat().st_size > 10_000
    before, after = (
        load_annotations(tmp_path / 'the demo' / f) for f in ('synthetic.pkl', 'anonymized.pkl')
    )
    assert [s['frame_dir'] for s in before['annotations']] == [
        s['frame_dir'] for s in after['annotations']
    ]
    # As a command.
    second = subprocess.run(
        [sys.executable, str(DEMO), *arguments], capture_output=True, text=True, timeout=600
    )
    assert second.stdout.count('there already') == 9
