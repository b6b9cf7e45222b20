# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the options of tools/train.py do."""

import re

import pytest
import torch
from builders import action_head, annotations, privacy_head, tiny_model, tiny_net
from mmengine.config import Config

from mmskanon.io.checkpoints import load_checkpoint

CPU_AMP = 'mmskanon.engine.optimizers.cpu_amp_wrapper.cpu_has_bfloat16'


def weights(path) -> dict:
    return load_checkpoint(path)['state_dict']


def same(first, second) -> bool:
    assert first.keys() == second.keys()
    return all(torch.equal(first[key], second[key]) for key in first)


def ran(done):
    assert done.code == 0, done.err
    assert done.err == ''
    return done


def test_one_command_trains_validates_and_saves(tool, config, ann_file, tmp_path):
    done = ran(tool('train', config(ann_file)))
    work = tmp_path / 'work'
    assert {'epoch_1.pth', 'epoch_2.pth', 'last_checkpoint'} <= {p.name for p in work.iterdir()}
    for line in (r'Epoch\(train\) \[2\]', r'Epoch\(val\) \[2\]'):
        assert re.search(line, done.out)
    # The parties that validation reports on, and what training logs for each phase.
    for key in (
        'action/top1',
        'privacy/adversary.subject/top1',
        'privacy/adversary.subject/chance',
        'fidelity/mpjpe_mm',
        'area/subject',
        'anonymizer/loss_reconstruction',
        'anonymizer/displacement_mm',
        'adversary/acc_subject',
        'adversary/chance_subject',
    ):
        assert f' {key}: ' in done.out
    assert 'WARNING' not in done.out


def test_the_work_directory_is_named_after_the_config(tool, config, ann_file, tmp_path):
    cfg = config(ann_file, 'my recipe.py', work_dir=None, max_epochs=1)
    ran(tool('train', cfg, '--no-validate'))
    assert (tmp_path / 'work_dirs' / 'my recipe' / 'epoch_1.pth').exists()


def test_the_work_directory_can_be_chosen(tool, config, ann_file, tmp_path):
    ran(tool('train', config(ann_file, max_epochs=1), '--work-dir', 'elsewhere', '--no-validate'))
    assert (tmp_path / 'elsewhere' / 'epoch_1.pth').exists()
    assert not (tmp_path / 'work').exists()


def test_no_validate(tool, config, ann_file):
    done = ran(tool('train', config(ann_file), '--no-validate'))
    assert 'Epoch(train) [2]' in done.out
    assert 'Epoch(val)' not in done.out


def test_options_override_the_config(tool, config, ann_file, tmp_path):
    options = ('train_cfg.max_epochs=1', "train_cfg.cycle=[('adversary',2),('anonymizer',1)]")
    done = ran(tool('train', config(ann_file), '--no-validate', '--cfg-options', *options))
    assert 'Epoch(train) [1]' in done.out and 'Epoch(train) [2]' not in done.out
    assert not (tmp_path / 'work' / 'epoch_2.pth').exists()
    used = Config.fromfile(tmp_path / 'work' / 'small.py')
    assert used.train_cfg.cycle == [('adversary', 2), ('anonymizer', 1)]


def test_the_seed_decides(tool, config, ann_file, tmp_path):
    cfg = config(ann_file, max_epochs=1)
    for folder, seed in (('a', 5), ('b', 5), ('c', 6)):
        ran(tool('train', cfg, '--no-validate', '--seed', seed, '--work-dir', folder))
    first, again, other = (weights(tmp_path / name / 'epoch_1.pth') for name in 'abc')
    assert same(first, again)
    assert not same(first, other)


class TestAmp:
    OPTIONS = ('--amp', '--no-validate')

    def test_sets_every_wrapper(self, tool, config, ann_file, tmp_path, monkeypatch):
        monkeypatch.setattr(CPU_AMP, lambda: True)
        monkeypatch.setattr('torch.cuda.is_available', lambda: False)
        cfg = config(ann_file, max_epochs=1)
        ran(tool('train', cfg, '--no-validate', '--work-dir', 'float32'))
        done = ran(tool('train', cfg, *self.OPTIONS))
        used = Config.fromfile(tmp_path / 'work' / 'small.py').optim_wrapper
        assert used.anonymizer.type == used.adversary.type == 'CPUAmpOptimWrapper'
        (line,) = (line for line in done.out.splitlines() if '--amp' in line)
        assert 'optim_wrapper.anonymizer' in line and 'optim_wrapper.adversary' in line
        # The weights stay float32, and differ from those that float32 arithmetic gives.
        half, full = (weights(tmp_path / name / 'epoch_1.pth') for name in ('work', 'float32'))
        assert {v.dtype for v in half.values()} == {v.dtype for v in full.values()}
        for party in ('anonymizer.', 'adversary.'):
            changed = [k for k in half if k.startswith(party) and not torch.equal(half[k], full[k])]
            assert changed, party

    def test_one_optimizer(self, tool, config, ann_file, tmp_path, monkeypatch):
        monkeypatch.setattr(CPU_AMP, lambda: True)
        ran(tool('train', recognizer_config(config, ann_file), *self.OPTIONS))
        used = Config.fromfile(tmp_path / 'work' / 'small.py').optim_wrapper
        assert used.type == 'CPUAmpOptimWrapper'

    def test_says_in_one_line_that_the_cpu_cannot(self, tool, config, ann_file, monkeypatch):
        monkeypatch.setattr(CPU_AMP, lambda: False)
        done = ran(tool('train', config(ann_file, max_epochs=1), *self.OPTIONS))
        lines = [line for line in done.out.splitlines() if '--amp' in line]
        assert len(lines) == 1
        assert 'no bfloat16 instructions, training continues in float32' in lines[0]

    def test_refuses_a_wrapper_that_it_does_not_know(self, tool, config, ann_file, monkeypatch):
        monkeypatch.setattr(CPU_AMP, lambda: True)
        option = 'optim_wrapper.adversary.type=ApexOptimWrapper'
        done = tool('train', config(ann_file), '--amp', '--cfg-options', option)
        assert done.code == 1
        for word in ('--amp', 'optim_wrapper.adversary.type', "'ApexOptimWrapper'", 'set it to'):
            assert word in done.err


class TestResume:
    def test_continues_where_the_last_checkpoint_ended(self, tool, config, ann_file, tmp_path):
        cfg = config(ann_file)
        ran(tool('train', cfg, '--work-dir', 'straight'))
        ran(tool('train', cfg, '--cfg-options', 'train_cfg.max_epochs=1'))
        done = ran(tool('train', cfg, '--resume'))
        assert 'Epoch(train) [1]' not in done.out and 'Epoch(train) [2]' in done.out
        straight, resumed = (
            load_checkpoint(tmp_path / name / 'epoch_2.pth') for name in ('straight', 'work')
        )
        assert same(straight['state_dict'], resumed['state_dict'])
        assert resumed['meta']['iter'] == straight['meta']['iter'] == 12

    def test_takes_the_path_of_a_checkpoint(self, tool, config, ann_file, tmp_path):
        cfg = config(ann_file)
        ran(tool('train', cfg, '--no-validate'))
        first = tmp_path / 'work' / 'epoch_1.pth'
        done = ran(tool('train', cfg, '--no-validate', '--resume', first, '--work-dir', 'again'))
        assert 'Epoch(train) [1]' not in done.out
        second, again = (tmp_path / name / 'epoch_2.pth' for name in ('work', 'again'))
        assert same(weights(second), weights(again))

    def test_starts_from_scratch_where_there_is_no_checkpoint(self, tool, config, ann_file):
        done = ran(tool('train', config(ann_file, max_epochs=1), '--resume', '--no-validate'))
        assert 'Epoch(train) [1]' in done.out

    def test_a_last_checkpoint_cut_in_half(self, tool, config, ann_file, tmp_path):
        cfg = config(ann_file, max_epochs=1)
        ran(tool('train', cfg, '--no-validate'))
        last = tmp_path / 'work' / 'epoch_1.pth'
        last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])
        done = tool('train', cfg, '--resume')
        assert done.code == 1
        assert done.err.startswith(f'error: {last} is truncated') and done.err.count('\n') == 1


class TestAutoScale:
    def test_scales_the_learning_rate_of_every_party(self, tool, config, ann_file, tmp_path):
        cfg = config(ann_file, max_epochs=1, auto_scale_lr=dict(base_batch_size=8))
        ran(tool('train', cfg, '--no-validate', '--auto-scale-lr'))
        optimizers = load_checkpoint(tmp_path / 'work' / 'epoch_1.pth')['optimizer']
        for party in ('anonymizer', 'adversary'):
            # A batch of 4 instead of 8; schedulers come on top of the initial rate.
            assert optimizers[party]['param_groups'][0]['initial_lr'] == pytest.approx(0.005)

    def test_needs_to_know_the_batch_size_of_the_recipe(self, tool, config, ann_file):
        done = tool('train', config(ann_file), '--auto-scale-lr')
        assert done.code == 1
        assert 'base_batch_size' in done.err and done.err.count('\n') == 1


def recognizer_config(config, ann_file, name='small.py', **overrides):
    """Config that trains a classifier alone, with MMEngine's own loop."""
    settings = dict(
        model=tiny_net(action_head(3)),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=None,
        evaluator=[dict(type='ActionAccuracy')],
    )
    return config(ann_file, name, **{**settings, **overrides})


def test_classifiers_then_anonymizer(tool, config, save, tmp_path):
    """The chain of a user: each step starts from the checkpoint of the one before."""
    data = save(annotations())
    ran(tool('train', recognizer_config(config, data, 'action.py'), '--work-dir', 'action'))
    classifier = recognizer_config(
        config,
        data,
        'subject.py',
        model=tiny_net(privacy_head()),
        evaluator=[dict(type='PrivacyAccuracy')],
    )
    done = ran(tool('train', classifier, '--work-dir', 'subject'))
    assert ' privacy/subject/top1: ' in done.out
    member = dict(net=tiny_net(privacy_head()), checkpoint='subject/epoch_1.pth')
    model = tiny_model(
        recognizer=dict(net=tiny_net(action_head(3)), checkpoint='action/epoch_1.pth'),
        adversary=dict(type='AdversaryBank', members=dict(subject=member)),
    )
    loop = dict(type='AlternatingTrainLoop', max_epochs=1, cycle=[('anonymizer', 1)])
    ran(tool('train', config(data, 'anonymizer.py', model=model, train_cfg=loop)))
    whole = weights(tmp_path / 'work' / 'epoch_1.pth')
    for party, folder in (('recognizer.net.', 'action'), ('adversary.nets.subject.', 'subject')):
        alone = weights(tmp_path / folder / 'epoch_1.pth')
        inside = {k.removeprefix(party): v for k, v in whole.items() if k.startswith(party)}
        assert same(alone, inside)
