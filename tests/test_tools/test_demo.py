# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ('options', 'other'), [(['--fast'], 'seed'), (['--seed', '3'], 'fast'), ([], 'seed and fast')]
)
def test_results_of_other_settings_are_not_taken_for_its_own(tool, steps, tmp_path, options, other):
    work = tmp_path / 'demo'
    work.mkdir()
    (work / 'demo.json').write_text('{"seed": 3, "fast": true}')
    (work / 'synthetic.pkl').write_bytes(b'kept')
    done = tool('demo', '--work-dir', work, *options)
    assert (done.code, done.out, steps) == (1, '', [])
    assert f'were made with another {other}; give another --work-dir, or --overwrite' in done.err
    assert (work / 'synthetic.pkl').read_bytes() == b'kept'


def test_only_the_folder_of_a_demo_is_deleted(tool, steps, tmp_path):
    work = tmp_path / 'home'
    work.mkdir()
    (work / 'thesis.tex').write_text('precious')
    done = tool('demo', '--work-dir', work, '--overwrite')
    assert done.code == 1 and 'is not deleted: it has no demo.json' in done.err and steps == []
    assert (work / 'thesis.tex').read_text() == 'precious'
    prepare = runpy.run_path(str(DEMO))['prepare']
    (work / 'demo.json').write_text('{}')
    prepare(work, dict(seed=1), overwrite=True)
    assert [p.name for p in work.iterdir()] == ['demo.json']
    (tmp_path / 'empty').mkdir()
    for name in ('empty', 'absent'):
        prepare(tmp_path / name, dict(seed=1), overwrite=True)
