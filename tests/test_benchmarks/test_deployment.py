# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark measures every precision. Nothing here depends on how fast anything is."""

import pickle
import runpy
from pathlib import Path

import pytest
import torch
from builders import LAYOUT, PIPELINE, annotations
from mmengine.config import Config

from mmskanon.models import UNetAnonymizer

pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'deployment.py'


def test_a_row_for_each_precision(tmp_path, capsys):
    unet = dict(base_channels=4, depth=1, layout=LAYOUT, num_person=1)
    torch.save(UNetAnonymizer(**unet).state_dict(), tmp_path / 'unet.pth')
    (tmp_path / 'data.pkl').write_bytes(pickle.dumps(annotations(n_subjects=2, trials=2)))
    cfg = dict(
        model=dict(anonymizer=dict(type='UNetAnonymizer', **unet)),
        test_dataloader=dict(dataset=dict(pipeline=PIPELINE)),
    )
    Config(cfg, format_python_code=False).dump(str(tmp_path / 'small.py'))
    benchmark = runpy.run_path(str(SCRIPT))
    files = [str(tmp_path / name) for name in ('small.py', 'unet.pth', 'data.pkl')]
    assert benchmark['main']([*files, '--timed', '2']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert '6 clips measured, 2 timed' in lines[1]
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines[4:]]
    made = [f'onnxruntime, {precision}' for precision in ('float32', 'float16', 'int8')]
    assert [row[0] for row in rows] == ['PyTorch', *made]
    errors = [float(row[2].split()[0]) for row in rows[1:]]
    assert errors[0] == 0 < min(errors[1:])
