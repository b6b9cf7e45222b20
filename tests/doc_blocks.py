# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The Python blocks of the documentation, and what is needed to train a config from one on a few made-up clips."""

import pickle
import re
from pathlib import Path

import torch
from builders import annotations
from mmengine.config import Config

from mmskanon.models.recognizers import with_head
from mmskanon.registry import MODELS

REPO = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r'^```python\n# (?P<title>.*?)\n(?P<code>.*?)^```$', re.MULTILINE | re.DOTALL)


def blocks(path: Path) -> list[tuple[str, str, int]]:
    """Blocks of a page whose first line is a comment: that comment, the rest, and the number of its first line."""
    text = path.read_text(encoding='utf-8')
    return [
        (match['title'], match['code'], text[: match.start('code')].count('\n') + 1)
        for match in BLOCK.finditer(text)
    ]


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
