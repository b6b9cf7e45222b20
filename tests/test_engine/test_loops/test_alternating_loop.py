# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy
import itertools
import pickle

import pytest
import torch
from builders import action_head, annotations, tiny_model, tiny_net, training_config
from mmengine.config import Config
from mmengine.runner import Runner

from mmskanon.io.checkpoints import load_checkpoint

COUNTER = itertools.count()


@pytest.fixture
def ann_file(tmp_path):
    path = tmp_path / 'data.pkl'
    path.write_bytes(pickle.dumps(annotations()))
    return path


def runner(folder, ann_file, **overrides):
    cfg = Config(training_config(folder, ann_file, **copy.deepcopy(overrides)))
    cfg.experiment_name = f'loop{next(COUNTER)}'
    return Runner.from_cfg(cfg)


class Record:
    """Wrap a model's phase_step and write down the phases."""

    def __init__(self, run):
        self.phases, self._step = [], run.model.phase_step
        run.model.phase_step = self

    def __call__(self, phase, data, optim_wrapper):
        self.phases.append(phase[:2])
        return self._step(phase, data, optim_wrapper)


def test_warmup_and_cycle_count_updates(tmp_path, ann_file):
    loop = dict(
        type='AlternatingTrainLoop',
        max_epochs=2,
        warmup=[('adversary', 2)],
        cycle=[('adversary', 1), ('anonymizer', 2)],
    )
    run = runner(tmp_path / 'w', ann_file, train_cfg=loop)
    record = Record(run)
    run.train()
    assert record.phases == ['ad', 'ad', 'ad', 'an', 'an', 'ad', 'an', 'an', 'ad', 'an', 'an', 'ad']


def test_iteration_based_twin_stops_and_validates_by_iteration(tmp_path, ann_file):
    cfg = training_config(tmp_path, ann_file)
    test = dict(cfg['train_dataloader'], sampler=dict(type='DefaultSampler', shuffle=False))
    loop = dict(type='AlternatingIterTrainLoop', max_iters=8, val_interval=3)
    run = runner(
        tmp_path / 'w',
        ann_file,
        train_cfg=loop,
        val_dataloader=test,
        val_cfg=dict(),
        val_evaluator=dict(type='ActionAccuracy'),
        log_processor=dict(by_epoch=False),
    )
    record, validated = Record(run), []
    run.val_loop.run, original = lambda: (validated.append(run.iter), original()), run.val_loop.run
    run.train()
    assert len(record.phases) == 8
    assert validated == [3, 6, 8]
    assert run.model.training


def weights(path):
    return load_checkpoint(path)['state_dict']


def assert_equal(first, second, tolerance=0.0):
    assert first.keys() == second.keys()
    for key in first:
        assert torch.allclose(first[key].double(), second[key].double(), rtol=0, atol=tolerance), (
            key
        )


@pytest.mark.parametrize('by_epoch', [True, False])
@pytest.mark.parametrize('accumulate', [1, 3])
def test_a_resumed_run_equals_a_straight_one(tmp_path, ann_file, by_epoch, accumulate):
    """Resumed at the end of an epoch, from the middle of one, and from the middle of an accumulated update."""
    party = dict(optimizer=dict(type='SGD', lr=0.05), accumulative_counts=accumulate)
    wrapper = dict(
        constructor='PartyOptimWrapperConstructor', anonymizer=party, adversary=dict(party)
    )
    hooks = dict(
        checkpoint=dict(type='CheckpointHook', interval=1 if by_epoch else 8, by_epoch=by_epoch)
    )
    straight = runner(
        tmp_path / 'a', ann_file, max_epochs=4, default_hooks=hooks, optim_wrapper=wrapper
    )
    straight.train()
    first = runner(
        tmp_path / 'b', ann_file, max_epochs=4, default_hooks=hooks, optim_wrapper=wrapper
    )
    name = 'epoch_2.pth' if by_epoch else 'iter_8.pth'
    stop = 12 if by_epoch else 8
    step = first.train_loop.run_iter

    def stop_midway(idx, batch):
        if first.iter == stop + 2:
            raise KeyboardInterrupt
        step(idx, batch)

    first.train_loop.run_iter = stop_midway
    with pytest.raises(KeyboardInterrupt):
        first.train()
    second = runner(
        tmp_path / 'b',
        ann_file,
        max_epochs=4,
        default_hooks=hooks,
        optim_wrapper=wrapper,
        resume=True,
        load_from=str(tmp_path / 'b' / name),
    )
    assert ('pending_gradients' in load_checkpoint(tmp_path / 'b' / name)) == (
        accumulate == 3 and not by_epoch
    )
    second.train()
    assert second.iter == straight.iter == 24
    assert_equal(straight.model.state_dict(), second.model.state_dict())


def validated(tmp_path, ann_file):
    """Settings under which a run validates after every epoch."""
    cfg = training_config(tmp_path, ann_file)
    return dict(
        val_dataloader=dict(
            cfg['train_dataloader'], sampler=dict(type='DefaultSampler', shuffle=False)
        ),
        val_cfg=dict(),
        val_evaluator=dict(type='ActionAccuracy'),
    )


EPOCHS = dict(type='AlternatingTrainLoop', max_epochs=4)
ITERATIONS = dict(type='AlternatingIterTrainLoop', max_iters=22, val_interval=100)


@pytest.mark.parametrize('loop', [EPOCHS, ITERATIONS])
def test_a_checkpoint_by_iteration_at_the_end_of_an_epoch_is_resumed_there(
    tmp_path, ann_file, loop
):
    """What a straight run does after the epoch's last batch, schedulers by epoch and validation, still takes place; no batch again."""
    settings = dict(
        validated(tmp_path, ann_file),
        train_cfg=loop,
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=6, by_epoch=False)),
        param_scheduler=dict(
            anonymizer=[dict(type='MultiStepLR', milestones=[1, 2, 3], end=100)], adversary=[]
        ),
    )
    straight = runner(tmp_path / 'a', ann_file, **settings)
    straight.train()
    for stop in (6, 18):
        path = str(tmp_path / 'a' / f'iter_{stop}.pth')
        second = runner(tmp_path / f'b{stop}', ann_file, resume=True, load_from=path, **settings)
        record, epochs = Record(second), []
        second.val_loop.run = lambda run=second, seen=epochs: seen.append(run.epoch)
        second.train()
        assert len(record.phases) == straight.iter - stop
        assert second.iter == straight.iter and second.epoch == straight.epoch
        assert epochs == (list(range(stop // 6, 5)) if loop is EPOCHS else [3])
        rates = [r.optim_wrapper.get_lr()['anonymizer.lr'] for r in (straight, second)]
        assert rates[0] == rates[1] and rates[0][0] < 2e-5
        assert_equal(straight.model.state_dict(), second.model.state_dict())


def test_other_batches_an_epoch_start_the_epoch_of_the_checkpoint(tmp_path, ann_file):
    """Six batches of four, then three of eight: after epoch 1 three epochs are left, though six batches are twice three."""
    runner(tmp_path / 'a', ann_file, max_epochs=4).train()
    path = str(tmp_path / 'a' / 'epoch_1.pth')
    second = runner(
        tmp_path / 'b', ann_file, max_epochs=4, batch_size=8, resume=True, load_from=path
    )
    record = Record(second)
    second.train()
    assert len(record.phases) == 9 and (second.epoch, second.iter) == (4, 12)


def test_a_run_by_iteration_that_is_resumed_at_its_end_trains_no_more(tmp_path, ann_file):
    hooks = dict(checkpoint=dict(type='CheckpointHook', interval=8, by_epoch=False))
    settings = dict(
        train_cfg=dict(type='AlternatingIterTrainLoop', max_iters=8), default_hooks=hooks
    )
    runner(tmp_path / 'a', ann_file, **settings).train()
    path = str(tmp_path / 'a' / 'iter_8.pth')
    second = runner(tmp_path / 'b', ann_file, resume=True, load_from=path, **settings)
    record = Record(second)
    second.train()
    assert record.phases == [] and second.iter == 8


def test_stopping_early_stops_at_once(tmp_path, ann_file):
    settings = validated(tmp_path, ann_file)
    loop = dict(type='AlternatingIterTrainLoop', max_iters=24, val_interval=2)
    stopping = dict(
        type='EarlyStoppingHook', monitor='action/top1', min_delta=2.0, patience=1, strict=True
    )
    run = runner(tmp_path / 'w', ann_file, train_cfg=loop, custom_hooks=[stopping], **settings)
    record = Record(run)
    run.train()
    assert len(record.phases) == 4 and run.train_loop.stop_training


def model_without_batch_statistics():
    """Parties without batch statistics; the recognizer's are frozen anyway."""
    return tiny_model(
        recognizer=dict(net=tiny_net(action_head(3))),
        adversary=dict(type='LinearAdversary', num_classes=4),
    )


def test_accumulation_equals_the_big_batch(tmp_path, ann_file):
    optimizer = dict(optimizer=dict(type='SGD', lr=0.05))
    sampler = dict(type='DefaultSampler', shuffle=False)
    states = []
    for batch_size, counts in ((8, 1), (4, 2), (2, 4)):
        party = dict(optimizer, accumulative_counts=counts)
        cfg = training_config(tmp_path, ann_file, batch_size=batch_size)
        run = runner(
            tmp_path / f'w{counts}',
            ann_file,
            train_dataloader=dict(cfg['train_dataloader'], sampler=sampler),
            model=model_without_batch_statistics(),
            optim_wrapper=dict(
                constructor='PartyOptimWrapperConstructor', anonymizer=party, adversary=party
            ),
            param_scheduler=None,
            max_epochs=4,
        )
        run.train()
        states.append(run.model.state_dict())
    assert_equal(states[0], states[1], 1e-6)
    assert_equal(states[0], states[2], 1e-6)


def test_an_update_that_the_end_of_training_cuts_short_takes_place(tmp_path, ann_file):
    """24 clips in batches of 4, four an update: the last update has two, and is that of their 8 clips."""
    sampler = dict(type='DefaultSampler', shuffle=False)
    states = []
    for batch_size, counts in ((16, 1), (4, 4)):
        party = dict(optimizer=dict(type='SGD', lr=0.05), accumulative_counts=counts)
        cfg = training_config(tmp_path, ann_file, batch_size=batch_size)
        run = runner(
            tmp_path / f'w{counts}',
            ann_file,
            train_dataloader=dict(cfg['train_dataloader'], sampler=sampler),
            train_cfg=dict(type='AlternatingTrainLoop', max_epochs=1, cycle=[('anonymizer', 1)]),
            model=model_without_batch_statistics(),
            optim_wrapper=dict(constructor='PartyOptimWrapperConstructor', anonymizer=party),
            param_scheduler=None,
        )
        run.train()
        states.append(run.model.state_dict())
    assert_equal(states[0], states[1], 1e-6)


@pytest.mark.parametrize(
    ('overrides', 'message'),
    [
        (
            dict(
                train_cfg=dict(type='AlternatingTrainLoop', max_epochs=1, cycle=[('attacker', 1)])
            ),
            "phase 'attacker', but the model has the parties",
        ),
        (
            dict(
                optim_wrapper=dict(
                    constructor='PartyOptimWrapperConstructor',
                    anonymizer=dict(optimizer=dict(type='SGD', lr=0.1)),
                ),
                param_scheduler=None,
            ),
            "phase 'adversary', but optim_wrapper has only",
        ),
        (
            dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)), param_scheduler=None),
            'one optimizer wrapper per party',
        ),
    ],
)
def test_unknown_phases_and_optimizers_are_named_before_training(
    tmp_path, ann_file, overrides, message
):
    run = runner(tmp_path / 'w', ann_file, **overrides)
    with pytest.raises(ValueError, match=message):
        run.train()
