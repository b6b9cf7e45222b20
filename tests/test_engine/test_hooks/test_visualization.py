# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pictures reach every backend at each validation, and training does not notice."""

import copy
import pickle
import sys
import types
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from builders import annotations, training_config
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmskanon.engine import SkeletonVisualizationHook
from mmskanon.engine.hooks.visualization import privacy_history

REPO = Path(__file__).resolve().parents[3]
METRICS = [dict(type='ActionAccuracy'), dict(type='PrivacyAccuracy')]
HOOK = dict(type='SkeletonVisualizationHook', samples=[0, 'a2_s3_t4'], moments=2)
PICTURES = ['before_after_a1_s1_t3', 'before_after_a2_s3_t4', 'trade_off']


@pytest.fixture
def make_runner(tmp_path, monkeypatch):
    """Build a run of two epochs on a few made-up clips, with a validation after each; keywords replace top-level keys."""
    (tmp_path / 'data.pkl').write_bytes(pickle.dumps(annotations(trials=4)))
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)

    def make(name='run', hooks=(HOOK,), backends=(dict(type='LocalVisBackend'),), **overrides):
        for kind in (DefaultScope, MMLogger, MessageHub, Visualizer):
            monkeypatch.setattr(kind, '_instance_dict', OrderedDict())
        cfg = training_config(tmp_path / name, tmp_path / 'data.pkl')
        val = copy.deepcopy(cfg['train_dataloader'])
        val['sampler'] = dict(type='DefaultSampler', shuffle=False)
        val['dataset'].update(split='test', test_mode=True)
        val['dataset']['pipeline'][1].update(num_clips=1, test_mode=True)
        cfg.update(
            val_dataloader=val,
            val_evaluator=METRICS,
            val_cfg=dict(),
            custom_hooks=[*cfg['custom_hooks'], *hooks],
            visualizer=dict(type='Visualizer', vis_backends=list(backends)),
            experiment_name=name,
            log_level='WARNING',
        )
        cfg.update(overrides)
        return Runner.from_cfg(Config(cfg, format_python_code=False))

    return make


def pictures(folder):
    """From the name of each picture to its content."""
    return {path.name: cv2.imread(str(path)) for path in folder.rglob('vis_image/*.png')}


def test_pictures_of_each_validation_are_written(tmp_path, make_runner):
    runner = make_runner()
    runner.train()
    found = pictures(tmp_path / 'run')
    steps = [len(runner.train_dataloader), 2 * len(runner.train_dataloader)]
    assert sorted(found) == sorted(f'{p}_{step}.png' for p in PICTURES for step in steps)
    for name in PICTURES:
        first, last = (found[f'{name}_{step}.png'] for step in steps)
        assert first.std() > 5 and (first != last).any()
    # The second picture of the trade-off has the same axes, and a second point.
    assert found[f'trade_off_{steps[0]}.png'].shape == found[f'trade_off_{steps[1]}.png'].shape


def _weights(runner):
    runner.train()
    return {k: v.clone() for k, v in runner.model.state_dict().items()}, torch.rand(3)


def test_training_and_chance_are_the_same_without_it(make_runner):
    with_it, chance_with = _weights(make_runner('with'))
    without, chance_without = _weights(make_runner('without', hooks=()))
    off, _ = _weights(make_runner('off', hooks=[dict(HOOK, enabled=False)]))
    for key, value in without.items():
        assert torch.equal(with_it[key], value) and torch.equal(off[key], value)
    assert torch.equal(chance_with, chance_without)


def test_modes_and_random_states_are_put_back(make_runner):
    runner = make_runner()
    hook = SkeletonVisualizationHook(moments=1)
    runner._val_loop = runner.build_val_loop(runner._val_loop)
    runner.model.train()
    runner.model.recognizer.eval()
    modes = [m.training for m in runner.model.modules()]
    torch.manual_seed(1)
    np.random.seed(1)
    expected = torch.rand(2), np.random.rand()
    torch.manual_seed(1)
    np.random.seed(1)
    transform = runner.model.anonymizer.transform
    seen = []

    def restless(coords, present):
        seen.append((runner.model.anonymizer.training, torch.is_grad_enabled()))
        torch.rand(5)
        np.random.rand()
        return transform(coords, present)

    runner.model.anonymizer.transform = restless
    hook.after_val_epoch(runner)
    assert seen == [(False, False)]
    assert [m.training for m in runner.model.modules()] == modes
    assert torch.equal(torch.rand(2), expected[0]) and np.random.rand() == expected[1]


def test_interval_and_switch(tmp_path, make_runner):
    make_runner('rare', hooks=[dict(HOOK, interval=2)]).train()
    assert {name.rpartition('_')[2] for name in pictures(tmp_path / 'rare')} == {'6.png'}
    make_runner('off', hooks=[dict(HOOK, enabled=False, samples=[99])]).train()
    assert not pictures(tmp_path / 'off')


def test_only_the_main_process_draws(tmp_path, make_runner, monkeypatch):
    monkeypatch.setattr('mmskanon.engine.hooks.visualization.is_main_process', lambda: False)
    make_runner().train()
    assert not pictures(tmp_path / 'run')


def test_tensorboard_gets_them(tmp_path, make_runner):
    pytest.importorskip(
        'tensorboard', reason="needs TensorBoard: pip install 'mmskanon[tensorboard]'"
    )
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    make_runner(backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]).train()
    (events,) = (tmp_path / 'run').rglob('events.out.tfevents*')
    log = EventAccumulator(str(events))
    log.Reload()
    assert sorted(log.Tags()['images']) == PICTURES
    assert [e.step for e in log.Images('trade_off')] == [6, 12]
    decoded = cv2.imdecode(np.frombuffer(log.Images('trade_off')[-1].encoded_image_string, 'u1'), 1)
    assert (decoded == pictures(tmp_path / 'run')['trade_off_12.png']).all()


def test_weights_and_biases_gets_them(make_runner, monkeypatch):
    """With a stand-in for the module, which is not among the tested packages."""
    logged = []
    stand_in = types.SimpleNamespace(
        init=lambda **kwargs: None,
        config=types.SimpleNamespace(update=lambda *args, **kwargs: None),
        run=types.SimpleNamespace(log_code=lambda **kwargs: None),
        Image=lambda picture: picture,
        log=lambda values, **kwargs: logged.extend(values.items()),
        join=lambda: None,
    )
    monkeypatch.setitem(sys.modules, 'wandb', stand_in)
    make_runner(backends=[dict(type='WandbVisBackend', init_kwargs=dict(mode='offline'))]).train()
    images = [(name, value) for name, value in logged if isinstance(value, np.ndarray)]
    assert sorted(name for name, _ in images) == sorted(2 * PICTURES)
    assert all(v.dtype == np.uint8 and v.ndim == 3 and v.shape[2] == 3 for _, v in images)


def test_the_real_weights_and_biases_gets_them_offline(make_runner, tmp_path, monkeypatch):
    pytest.importorskip('wandb', reason='wandb is not installed: pip install wandb')
    monkeypatch.setenv('WANDB_MODE', 'offline')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    make_runner(backends=[dict(type='WandbVisBackend', init_kwargs=dict(mode='offline'))]).train()
    stored = {path.name.rpartition('_')[0] for path in (tmp_path / 'run').rglob('*.png')}
    found = {name for name in PICTURES if any(s.startswith(name) for s in stored)}
    assert found == set(PICTURES)


def _warnings(runner, monkeypatch):
    said = []
    monkeypatch.setattr(runner.logger, 'warning', said.append)
    return said


def test_a_failing_backend_is_warned_about_once_and_training_ends_well(make_runner, monkeypatch):
    runner = make_runner()
    said = _warnings(runner, monkeypatch)

    def full(*args, **kwargs):
        raise OSError('no space left on device')

    monkeypatch.setattr(runner.visualizer, 'add_image', full)
    runner.train()
    assert runner.epoch == 2
    assert len([s for s in said if 'no space left on device' in s]) == 1


def test_coordinates_that_are_no_longer_finite_do_not_end_the_run(make_runner, monkeypatch):
    runner = make_runner()
    said = _warnings(runner, monkeypatch)
    runner._val_loop = runner.build_val_loop(runner._val_loop)
    with torch.no_grad():
        next(runner.model.anonymizer.parameters()).fill_(float('nan'))
    SkeletonVisualizationHook().after_val_epoch(runner)
    assert any('NaN or infinite coordinates' in s for s in said)


def test_missing_metrics_are_said(tmp_path, make_runner, monkeypatch):
    runner = make_runner(val_evaluator=METRICS[:1])
    said = _warnings(runner, monkeypatch)
    runner.train()
    assert len([s for s in said if 'ActionAccuracy and PrivacyAccuracy' in s]) == 1
    assert len(pictures(tmp_path / 'run')) == 4


def test_a_model_without_an_anonymizer_is_left_alone():
    runner = types.SimpleNamespace(model=torch.nn.Linear(1, 1))
    hook = SkeletonVisualizationHook()
    hook.before_train(runner)
    hook.after_val_epoch(runner)


BAD_SAMPLES = {
    'index': ([16, 24], 'indices from 0 to 23 .*found 24 of 24'),
    'negative': ([-1], 'found -1 of 24'),
    'name': (['a1_s1_t1'], "found 'a1_s1_t1', which is none of the names .a1_s1_t3"),
}


@pytest.mark.parametrize('case', BAD_SAMPLES)
def test_unknown_samples_end_the_run_before_it_starts(make_runner, case):
    samples, message = BAD_SAMPLES[case]
    runner = make_runner(hooks=[dict(HOOK, samples=samples)])
    with pytest.raises(ValueError, match=message):
        runner.train()
    assert runner.iter == 0


def test_validations_are_needed(make_runner):
    runner = make_runner(val_dataloader=None, val_evaluator=None, val_cfg=None)
    with pytest.raises(ValueError, match='draws at validations, but there are none'):
        runner.train()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(interval=0), 'interval must be positive, found 0'),
        (dict(moments=0), 'moments must be positive, found 0'),
        (dict(samples=[]), 'samples must list at least one'),
        (dict(samples='a1_s1_t1'), "samples must list .* found 'a1_s1_t1'"),
        (dict(view='back'), "view must be one of .*turntable.*found 'back'"),
        (dict(up='x'), "up must be one of .*found 'x'"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=f'SkeletonVisualizationHook: {message}'):
        SkeletonVisualizationHook(**arguments)


def test_the_shipped_runtime_has_it_off_and_one_option_turns_it_on():
    cfg = Config.fromfile(
        REPO / 'configs/utd_mhad/adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py'
    )
    hook = cfg.custom_hooks[2]
    assert hook == dict(type='SkeletonVisualizationHook', enabled=False)
    cfg.merge_from_dict({'custom_hooks.2.enabled': True, 'custom_hooks.2.samples': ['a1_s1_t3']})
    assert cfg.custom_hooks[2] == dict(hook, enabled=True, samples=['a1_s1_t3'])


def test_history_reads_the_keys_of_the_metrics():
    read, chances = privacy_history(
        {
            'val/privacy/adversary.subject/top1': [0.5, 0.25],
            'val/privacy/adversary.subject/majority': [0.125, 0.125],
            'val/privacy/adversary.subject/balanced': [0.5, 0.3],
            'val/privacy/strongest/subject': [0.6, 0.6],
            'val/privacy/attacker.x/top1': [0.75],
            'val/fresh/tcn': [0.5],
            'val/fresh/strongest': [0.5],
            'val/fresh/cost': [0.5],
            'train/loss': [1.0],
        }
    )
    assert read == {'adversary.subject': [0.5, 0.25], 'attacker.x': [0.75], 'fresh.tcn': [0.5]}
    assert chances == {'adversary.subject': 0.125}
