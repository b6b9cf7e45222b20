# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The anonymizer of docs/extending.md, written into a folder as the page says, trains, is exported, audited and streamed."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from doc_blocks import REPO, blocks, make_small
from mmengine.config import Config
from mmengine.runner import Runner

from mmskanon.audit.inputs import read_method, read_original
from mmskanon.collection import MotionSettings, RunOptions, anonymize_collection
from mmskanon.io import load_annotations, load_checkpoint
from mmskanon.registry import MODELS

PAGE = {title: code for title, code, _ in blocks(REPO / 'docs' / 'extending.md')}


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """The files of the page."""
    root = tmp_path_factory.mktemp('extending')
    for title in ('linear_anonymizer.py', 'linear.py', 'stream.py'):
        (root / title).write_text(PAGE[title], encoding='utf-8')
    sys.path.insert(0, str(root))
    yield root
    sys.path.remove(str(root))
    sys.modules.pop('linear_anonymizer', None)
    MODELS.module_dict.pop('LinearAnonymizer', None)


@pytest.fixture(scope='module')
def trained(folder) -> Path:
    """A checkpoint after an epoch on a few clips."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.runner.runner.collect_env', dict)
        cfg = Config.fromfile(folder / 'linear.py')
        make_small(cfg, folder)
        cfg.default_hooks.checkpoint.interval = 1
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        Runner.from_cfg(cfg).train()
    return folder / 'work' / 'epoch_1.pth'


def test_it_has_at_most_thirty_lines():
    assert len(PAGE['linear_anonymizer.py'].rstrip().splitlines()) + 1 <= 30


def test_training_moves_its_weights(trained):
    weights = load_checkpoint(trained)['state_dict']
    assert weights['anonymizer.change.weight'].abs().max() > 0


def test_export_gives_a_file_that_the_audit_reads(folder, trained):
    data, made = folder / 'data.pkl', folder / 'linear.pkl'
    cfg = Config.fromfile(folder / 'linear.py')
    # Two processes have to import the class, too.
    anonymize_collection(MotionSettings(cfg, str(trained)), data, made, run=RunOptions(workers=2))
    before, after = (load_annotations(p)['annotations'] for p in (data, made))
    assert not np.array_equal(before[0]['keypoint'], after[0]['keypoint'])
    original = read_original(str(data), folder / 'stores', layout='kinect_v1')
    method = read_method('linear', [str(made)], original, folder / 'stores')
    assert len(method.stores[0]) == len(before)


def test_stream_prints_what_the_page_says(folder, trained, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, 'argv', ['stream.py', str(trained)])
    exec(compile(PAGE['stream.py'], 'stream.py', 'exec'), {'__name__': '__main__'})
    expected = re.search(r'\n((?:# .*\n)+)\Z', PAGE['stream.py'])[1]
    assert capsys.readouterr().out == expected.replace('# ', '')
