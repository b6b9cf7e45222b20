# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Python blocks of the documentation whose first line is ``# tested`` do what they say.

A block that sets ``_base_`` is a config beside those of UTD-MHAD: it is read, and trained for an epoch on a few made-up clips. Any
other block is run as a program; what it prints is compared with the comment lines that end it, if there are any.
"""

import pickle
import re
import shutil
from pathlib import Path

import pytest
import torch
from builders import annotations
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmskanon.models.recognizers import with_head
from mmskanon.registry import MODELS

REPO = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r'^```python\n# tested\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def blocks(is_config: bool) -> list:
    found = []
    for path in [REPO / 'README.md', *sorted((REPO / 'docs').rglob('*.md'))]:
        text = path.read_text(encoding='utf-8')
        for match in BLOCK.finditer(text):
            if match[1].startswith('_base_ = ') == is_config:
                line = text[: match.start(1)].count('\n') + 1
                name = f'{path.relative_to(REPO).as_posix()}:{line}'
                found.append(pytest.param(match[1], id=name))
    return found


@pytest.mark.parametrize('code', blocks(is_config=False))
def test_a_program_runs_and_prints_what_it_says(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, 'block', 'exec'), {'__name__': '__main__'})
    expected = re.search(r'\n((?:# .*\n)+)\Z', code)
    if expected:
        assert capsys.readouterr().out == re.sub('^# ', '', expected[1], flags=re.MULTILINE)


@pytest.fixture(scope='module')
def configs(tmp_path_factory) -> Path:
    """A copy of the configs, in which a block can be a file beside those of UTD-MHAD."""
    return Path(shutil.copytree(REPO / 'configs', tmp_path_factory.mktemp('docs') / 'configs'))


def make_small(cfg: Config, folder: Path) -> None:
    """Replace data by a few short clips and checkpoints by fresh weights; keep the rest, with one epoch."""
    data = annotations(n_subjects=8, n_actions=2, trials=4, frames=20)
    for sample in data['annotations']:
        sample['gender'] = 'fm'[sample['subject'] % 2]
    (folder / 'data.pkl').write_bytes(pickle.dumps(data))
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(batch_size=8, num_workers=0, persistent_workers=False)
        loader.dataset.ann_file = str(folder / 'data.pkl')
        for transform in loader.dataset.pipeline:
            if transform['type'] == 'UniformSampleFrames':
                transform['clip_len'] = 16
    for metric in (m for m in cfg.val_evaluator if m.type == 'FreshAttacker'):
        metric.ann_file = str(folder / 'data.pkl')
    for name, attacker in (cfg.model.get('attackers') or {}).items():
        attacker.checkpoint = str(folder / f'{name}.pth')
        net = MODELS.build(with_head(attacker['net'], attacker.get('head')))
        torch.save(net.state_dict(), attacker.checkpoint)
    cfg.model.load_parties = False
    cfg.train_cfg.max_epochs = 1
    cfg.default_hooks.logger.interval = 1
    cfg.update(work_dir=str(folder / 'work'), experiment_name=folder.name, log_level='ERROR')


@pytest.mark.parametrize('code', blocks(is_config=True))
def test_a_config_trains(code, configs, tmp_path, monkeypatch):
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    init_default_scope('mmskanon')
    file = configs / 'utd_mhad' / 'block.py'
    file.write_text(code, encoding='utf-8')
    cfg = Config.fromfile(file)
    make_small(cfg, tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == len(runner.train_dataloader) > 0


def test_there_are_blocks_to_test():
    assert blocks(is_config=True)
    assert blocks(is_config=False)
