# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The data set configs read what the converter writes."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from ntu_files import write_collection

from mmskanon.datasets.converters.ntu import convert_ntu, read_ntu_skeleton
from mmskanon.io import load_annotations
from mmskanon.registry import DATASETS

CONFIGS = Path(__file__).resolve().parents[4] / 'configs' / '_base_' / 'datasets'
NAMES = ('ntu60_xview', 'ntu60_xrep', 'ntu60_xsub', 'ntu120_xset')


@pytest.fixture(scope='module')
def collections(tmp_path_factory):
    """A collection of each data set, converted where the configs look for it; the folder, and that of the recordings."""
    root = tmp_path_factory.mktemp('data')
    write_collection(root / 'in60', subjects=(1, 2, 3), actions=(1, 50))
    for setup in (18, 19):
        write_collection(root / 'in120', subjects=(45, 48), actions=(61, 106), setup=setup)
    for name in ('60', '120'):
        convert_ntu(root / f'in{name}', root / 'data' / 'ntu' / f'ntu{name}.pkl')
    return root


def use(tmp_path, base, part):
    """The data set as a config on top of ``base`` names it."""
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(f"_base_ = ['{CONFIGS / base}.py']\ndataset = {{{{_base_.{part}}}}}\n")
    dataset = Config.fromfile(leaf).dataset
    assert dataset.pop('_delete_'), 'keys of the stock data set would be left'
    return dataset


@pytest.mark.parametrize('name', NAMES)
def test_both_parts_build_and_give_clips_of_300_frames(name, collections, tmp_path, monkeypatch):
    monkeypatch.chdir(collections)
    sizes = []
    for part in ('train_set', 'test_set'):
        cfg = use(tmp_path, name, part)
        with DefaultScope.overwrite_default_scope('mmskanon'):
            dataset = DATASETS.build(cfg)
        packed = dataset[0]
        assert packed['inputs'].shape == (1, 2, 300, 25, 3)
        assert set(packed['data_samples'].gt_private) == (
            {'subject'} if 'xsub' not in name else set()
        )
        sizes.append(len(dataset))
        names = {dataset.get_data_info(i)['frame_dir'] for i in range(len(dataset))}
        written = load_annotations(cfg.ann_file)['split']
        listed = name.split('_')[1] + ('_train' if part == 'train_set' else '_val')
        assert names == set(written[listed])
    assert sum(sizes) == (24 if name.startswith('ntu60') else 32)


def test_pre_processing_is_the_papers(collections, tmp_path, monkeypatch):
    """Every frame centred on joint 1 of the first person, one rotation for all, the sequence repeated."""
    monkeypatch.chdir(collections)
    with DefaultScope.overwrite_default_scope('mmskanon'):
        dataset = DATASETS.build(use(tmp_path, 'ntu60_xview', 'train_set'))
    packed = dataset[0]
    name = packed['data_samples'].frame_dir
    raw = read_ntu_skeleton(collections / 'in60' / f'{name}.skeleton')['keypoint'].astype(float)
    clip = packed['inputs'][0].double().numpy()
    centred = raw[0] - raw[0][:, 1:2]
    z = centred[0, 1] - centred[0, 0]
    z /= np.linalg.norm(z)
    frames = np.arange(300) % raw.shape[1]
    # Rotations keep lengths and inner products; the first frame's spine then points along z.
    gram = np.einsum('tvc,twc->tvw', centred, centred)[frames]
    np.testing.assert_allclose(np.einsum('tvc,twc->tvw', clip[0], clip[0]), gram, atol=1e-5)
    np.testing.assert_allclose(clip[0, :, 1], 0, atol=1e-6)
    np.testing.assert_array_equal(clip[0, raw.shape[1] :], clip[0, : 300 - raw.shape[1]])
    shoulders = clip[0, 0, 8] - clip[0, 0, 4]
    np.testing.assert_allclose(shoulders[1:] / np.linalg.norm(shoulders), 0, atol=1e-5)
    assert not clip[1].any()
