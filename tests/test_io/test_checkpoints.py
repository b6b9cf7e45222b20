# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Checkpoints of real runners load and resume."""

import pickle
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.optim import OneCycleLR
from mmengine.runner import Runner

from mmskanon.io import (
    CorruptFileError,
    load_checkpoint,
    load_state_dict_from,
)


class TinyData(BaseDataset):
    """Eight numbers whose meta information holds what ours holds: nested label maps and arrays."""

    METAINFO = {'layout': 'nturgb+d', 'label_maps': {'subject': [3, 5]}, 'weights': np.ones(3)}

    def load_data_list(self):
        return [{'value': float(i)} for i in range(8)]

    def __getitem__(self, index):
        return {'inputs': torch.tensor([float(index)])}

    def full_init(self):
        self.data_list = self.load_data_list()
        self._fully_initialized = True

    def __len__(self):
        return 8


class TinyModel(BaseModel):
    """One weight and one BatchNorm."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.norm = torch.nn.BatchNorm1d(1)

    def forward(self, inputs, mode='tensor'):
        return {'loss': self.norm(self.layer(torch.stack(list(inputs)))).pow(2).mean()}


def make_runner(folder, max_iters, name, resume=False, seed=0):
    return Runner(
        model=TinyModel(),
        work_dir=str(folder),
        train_dataloader={
            'dataset': TinyData(lazy_init=True),
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
            'batch_size': 4,
            'collate_fn': {'type': 'pseudo_collate'},
        },
        train_cfg={'by_epoch': False, 'max_iters': max_iters},
        optim_wrapper={'optimizer': {'type': 'Adam', 'lr': 0.01}},
        param_scheduler=[
            {'type': 'LinearLR', 'start_factor': 0.1, 'by_epoch': False, 'end': 2},
            {'type': 'MultiStepLR', 'milestones': [1, 3], 'by_epoch': False, 'end': 9},
            {'type': 'CosineAnnealingLR', 'T_max': 9, 'by_epoch': False, 'end': 9},
        ],
        default_hooks={
            'checkpoint': {'type': 'CheckpointHook', 'interval': 2, 'by_epoch': False},
            'logger': {'type': 'LoggerHook', 'interval': 1},
        },
        randomness={'seed': seed},
        resume=resume,
        experiment_name=name,
        log_level='ERROR',
    )


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp('runner')
    make_runner(folder, 2, 'checkpoints_first').train()
    return folder


def test_a_runner_checkpoint_loads(work_dir):
    path = work_dir / 'iter_2.pth'
    checkpoint = load_checkpoint(path)
    expected = torch.load(path, weights_only=False)
    assert list(checkpoint) == list(expected)
    for name, weight in expected['state_dict'].items():
        assert torch.equal(checkpoint['state_dict'][name], weight)
    assert checkpoint['state_dict']._metadata == expected['state_dict']._metadata
    assert checkpoint['meta']['iter'] == 2
    assert checkpoint['meta']['cfg'] == expected['meta']['cfg']
    assert checkpoint['meta']['dataset_meta']['label_maps'] == {'subject': [3, 5]}
    np.testing.assert_array_equal(checkpoint['meta']['dataset_meta']['weights'], np.ones(3))
    assert checkpoint['optimizer']['param_groups'] == expected['optimizer']['param_groups']
    assert checkpoint['param_schedulers'] == expected['param_schedulers']
    assert isinstance(checkpoint['param_schedulers'][1]['milestones'], Counter)
    logs, wanted = (c['message_hub']['log_scalars']['train/loss'] for c in (checkpoint, expected))
    assert type(logs) is HistoryBuffer
    assert logs.mean() == wanted.mean()
    assert logs.statistics('max') == wanted.max()
    assert logs.max_length == wanted.max_length


def test_a_runner_resumes_from_its_checkpoint(work_dir):
    runner = make_runner(work_dir, 4, 'checkpoints_second', resume=True, seed=1)
    runner.load_or_resume()
    assert runner.iter == 2
    saved = load_checkpoint(work_dir / 'iter_2.pth')
    for name, weight in runner.model.state_dict().items():
        assert torch.equal(weight, saved['state_dict'][name])
    runner.train()
    assert runner.iter == 4
    history = runner.message_hub.get_scalar('train/loss')
    before = saved['message_hub']['log_scalars']['train/loss'].data[0]
    np.testing.assert_array_equal(history.data[0][: len(before)], before)
    assert len(history.data[0]) == 4
    assert (work_dir / 'iter_4.pth').exists()


def test_shared_statistics_are_not_taken_from_a_file(tmp_path):
    buffer = HistoryBuffer([1.0, 3.0], [1, 1])
    buffer._statistics_methods = {'mean': HistoryBuffer.max, 'min': HistoryBuffer.min}
    torch.save({'log': buffer}, tmp_path / 'log.pth')
    loaded = load_checkpoint(tmp_path / 'log.pth')['log']
    assert loaded.statistics('mean') == 2.0
    assert HistoryBuffer._statistics_methods['mean'] is HistoryBuffer.mean


@pytest.mark.parametrize('strategy', ['cos', 'linear'])
@pytest.mark.parametrize('protocol', [2, 4])
def test_a_one_cycle_scheduler_loads(tmp_path, strategy, protocol):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    scheduler = OneCycleLR(optimizer, eta_max=1.0, total_steps=10, anneal_strategy=strategy)
    state = scheduler.state_dict()
    torch.save({'param_schedulers': [state]}, tmp_path / 'one.pth', pickle_protocol=protocol)
    assert load_checkpoint(tmp_path / 'one.pth')['param_schedulers'] == [state]


def test_released_weights_load(weights_dir):
    files = sorted(weights_dir.glob('*.pt'))
    assert files
    for path in files:
        weights = load_state_dict_from(path)
        expected = torch.load(path, weights_only=True)
        assert len(weights) == 302
        assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_map_location_is_passed_on(tmp_path):
    torch.save({'x': torch.ones(3)}, tmp_path / 'x.pth')
    assert load_checkpoint(tmp_path / 'x.pth', 'meta')['x'].is_meta
    assert load_checkpoint(tmp_path / 'x.pth', torch.device('cpu'))['x'].tolist() == [1] * 3
    assert load_checkpoint(tmp_path / 'x.pth', None)['x'].tolist() == [1] * 3


def test_weights_of_a_submodule(tmp_path):
    weights = OrderedDict(
        [('anonymizer.fc.weight', torch.ones(2)), ('anonymizers.x', torch.zeros(1))]
    )
    torch.save({'state_dict': weights, 'meta': {}}, tmp_path / 'x.pth')
    for prefix in ('anonymizer', 'anonymizer.'):
        assert list(load_state_dict_from(tmp_path / 'x.pth', prefix)) == ['fc.weight']
    assert list(load_state_dict_from(tmp_path / 'x.pth')) == list(weights)
    with pytest.raises(
        KeyError, match=r"no weights that begin with 'recognizer\.'.*anonymizer, an"
    ):
        load_state_dict_from(tmp_path / 'x.pth', 'recognizer')


def test_weights_under_another_name_are_found_where_only_one_can_be_meant(tmp_path):
    weights = {'fc.weight': torch.zeros(2)}
    for name in ('model', 'weights', 'net'):
        torch.save({name: weights, 'epoch': 3, 'optimizer': {}}, tmp_path / 'x.pth')
        assert list(load_state_dict_from(tmp_path / 'x.pth')) == ['fc.weight']
    torch.save({'model': weights, 'ema': weights}, tmp_path / 'x.pth')
    with pytest.raises(CorruptFileError, match='holds no weights; .* found the keys model, ema'):
        load_state_dict_from(tmp_path / 'x.pth')
    torch.save({'state_dict': weights, 'ema': weights}, tmp_path / 'x.pth')
    assert list(load_state_dict_from(tmp_path / 'x.pth')) == ['fc.weight']


def test_a_file_without_weights(tmp_path):
    torch.save({'meta': {}, 'optimizer': {}}, tmp_path / 'x.pth')
    with pytest.raises(CorruptFileError, match='holds no weights; .* found the keys meta, optim'):
        load_state_dict_from(tmp_path / 'x.pth')
    torch.save([torch.ones(1)], tmp_path / 'y.pth')
    with pytest.raises(CorruptFileError, match='holds list data; expected a dict'):
        load_state_dict_from(tmp_path / 'y.pth')


def test_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth does not exist; expected a checkpoint'):
        load_checkpoint(tmp_path / 'none.pth')
    with pytest.raises(IsADirectoryError, match='expected a checkpoint'):
        load_checkpoint(tmp_path)
    for name, data in {
        'e': b'',
        't': b'some text\n',
        'p': pickle.dumps({}),
        'z': b'PK\x03\x04',
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CorruptFileError, match=str(tmp_path / name)):
            load_checkpoint(tmp_path / name)


def test_a_forced_weights_only_setting_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
    torch.save({'x': torch.ones(1)}, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='TORCH_FORCE_WEIGHTS_ONLY_LOAD'):
        load_checkpoint(tmp_path / 'x.pth')
