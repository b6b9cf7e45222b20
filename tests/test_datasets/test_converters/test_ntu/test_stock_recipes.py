# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Our pickles in MMAction2's own recipes, and pickles as MMAction2 hands them out in ours: whole configs, trained and tested."""

import itertools
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmskanon.datasets.converters.ntu import ConversionOptions, convert_ntu
from mmskanon.io import load_annotations
from mmskanon.utils import adapt_to_cpu, read_config, skip_party_checkpoints

REPO = Path(__file__).resolve().parents[4]
COUNTER = itertools.count()
LOADER = dict(num_workers=0, persistent_workers=False)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Train one epoch and test; the metrics, and whether weights moved."""
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)

    def train_and_test(cfg):
        cfg.work_dir = str(tmp_path / 'work')
        cfg.update(experiment_name=f'stock{next(COUNTER)}', log_level='ERROR')
        cfg.train_cfg.update(max_epochs=1, val_begin=2)
        runner = Runner.from_cfg(cfg)
        before = {k: v.clone() for k, v in runner.model.state_dict().items()}
        runner.train()
        after = runner.model.state_dict()
        assert any(not torch.equal(v, before[k]) for k, v in after.items())
        assert all(torch.isfinite(v).all() for v in after.values())
        return runner, runner.test()

    return train_and_test


@pytest.mark.parametrize(
    'recipe',
    [
        'stgcn/stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d',
        '2s-agcn/2s-agcn_8xb16-bone-motion-u100-80e_ntu60-xsub-keypoint-3d',
    ],
)
@pytest.mark.parametrize('kind', ['whole', 'per sample'])
def test_a_recipe_of_mmaction2_trains_on_what_we_converted(
    recipe, kind, converted, folder, tmp_path, run
):
    """The recipe as it is but for the file, the number of clips and the width of the network."""
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(f"_base_ = 'mmaction::skeleton/{recipe}.py'\n")
    cfg = Config.fromfile(leaf)
    init_default_scope('mmaction')
    ann_file = converted
    if kind == 'per sample':
        ann_file = tmp_path / 'ntu60.pkl'
        convert_ntu(folder, ann_file, ConversionOptions(per_sample=True, dtype='float16'))
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(LOADER)
        data = loader.dataset.get('dataset', loader.dataset)
        data.update(ann_file=str(ann_file), indices=2)
        if kind == 'per sample':
            data.data_prefix = dict(skeleton=str(tmp_path / 'ntu60'))
    cfg.model.backbone.base_channels = 16
    cfg.model.cls_head.in_channels = 64
    runner, metrics = run(cfg)
    assert cfg.default_scope == 'mmaction' and runner.iter == 1
    assert type(runner.train_dataloader.dataset).__name__ == 'RepeatDataset'
    assert 0 <= metrics['acc/top1'] <= 1


@pytest.fixture
def stock(converted, tmp_path):
    """A file as MMAction2 distributes it: four keys a sample in half precision, and no splits but its own."""
    data = load_annotations(converted)
    keys = ('frame_dir', 'label', 'keypoint', 'total_frames')
    samples = [{key: sample[key] for key in keys} for sample in data['annotations']]
    for sample in samples:
        sample['keypoint'] = sample['keypoint'].astype(np.float16)
    split = {k: v for k, v in data['split'].items() if k.startswith(('xsub', 'xview'))}
    path = tmp_path / 'ntu60_3danno.pkl'
    path.write_bytes(pickle.dumps(dict(split=split, annotations=samples)))
    return path


@pytest.mark.parametrize(
    ('name', 'metric'),
    [
        ('action_shiftgcn_4xb16-140e', 'action/top1'),
        ('subject_shiftgcn_4xb16-140e', 'privacy/subject/top1'),
        ('adversarial_resnet_shiftgcn_4xb16-140e', 'privacy/adversary.subject/top1'),
    ],
)
@pytest.mark.parametrize('split', ['xview', 'xrep'])
def test_a_recipe_of_ours_trains_on_a_file_of_mmaction2(name, metric, split, stock, run):
    """Nothing but the file is changed, the size of batches and networks, and the length of clips. Subject and take are read from the names."""
    init_default_scope('mmskanon')
    cfg = read_config(str(REPO / 'configs' / 'ntu60' / f'{name}_ntu60-{split}-ntu25.py'))
    for part in ('train', 'val', 'test'):
        cfg[f'{part}_dataloader'].update(LOADER, batch_size=6)
        data = cfg[f'{part}_dataloader'].dataset
        data.ann_file = str(stock)
        next(t for t in data.pipeline if t['type'] == 'PadTo').length = 24
    cfg.model.pop('attackers', None)
    parties = [cfg.model]
    if 'adversary' in cfg.model:
        parties = [cfg.model.recognizer, cfg.model.adversary.members.subject]
    for party in parties:
        party.net.backbone.base_channels = 8
        party.net.cls_head.in_channels = 32
    skip_party_checkpoints(cfg)
    adapt_to_cpu(cfg, 'none')
    runner, metrics = run(cfg)
    assert runner.iter == 2 and len(runner.train_dataloader.dataset) == 12
    assert runner.train_dataloader.dataset.metainfo['label_maps'] == dict(subject=[1, 2, 3])
    assert 0 <= metrics[metric] <= 1
