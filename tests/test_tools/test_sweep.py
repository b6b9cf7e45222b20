# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The sweep: each value is trained, exported and audited once, and mistakes end in a sentence."""

import csv
import shutil
from pathlib import Path

import pytest
from audit_recordings import recordings
from mmengine.config import Config
from PIL import Image

from mmskanon.io.checkpoints import load_checkpoint
from mmskanon.io.pickles import load_annotations

KEY = 'model.losses.privacy.weight'


@pytest.fixture
def command(config, save, audit_config, without_pictures):
    """The command line of a sweep with one epoch of training and a small audit."""
    original = save(recordings(), 'original.pkl')
    cfg = config(original, 'unet.py', max_epochs=1)
    audit = audit_config(attackers=dict(_delete_=True, bones=dict(type='Anthropometrics')))
    return [cfg, '--key', KEY, '--original', original, '--out', 'out', '--audit-config', audit]


def test_each_value_is_done_once_and_drawn(tool, fits, steps, command, tmp_path):
    out = tmp_path / 'out'
    done = tool('sweep', *command, '--values', '0', '30', '--seed', '4')
    assert done.code == 0, done.err
    assert steps == ['train', 'anonymize', 'train', 'anonymize', 'audit']
    with open(out / 'tradeoff.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['privacy.weight'] for row in rows] == ['0.0', '30.0']
    assert all(0 <= float(row[k]) <= 1 for row in rows for k in ('action_fixed', 'strongest'))
    with Image.open(out / 'tradeoff.png') as image:
        assert image.width > 800
    assert 'subject, by privacy.weight' in done.out and 'Budget fast' in done.out
    for value in ('0', '30'):  # the weight and the seed arrived where they count
        trained = Config.fromfile(out / 'trained' / value / 'unet.py')
        assert trained.model.losses.privacy.weight == float(value)
        assert trained.randomness.seed == 4
    weights = [
        load_checkpoint(out / 'trained' / value / 'epoch_1.pth')['state_dict']
        for value in ('0', '30')
    ]
    assert any((weights[0][k] != weights[1][k]).any() for k in weights[0] if 'anonymizer' in k)

    # Again, after an interruption, and with one more value: only what is missing is run.
    table, learned = (out / 'tradeoff.csv').read_bytes(), set(fits)
    (out / 'tradeoff.csv').unlink(), steps.clear(), fits.clear()
    again = tool('sweep', *command, '--values', '0', '30', '--seed', '4')
    assert again.code == 0 and steps == fits == []
    assert again.out.count('there already') == 5
    assert (out / 'tradeoff.csv').read_bytes() == table
    (out / 'anonymized' / '30.pkl').unlink(), (out / 'audit' / 'report.json').unlink()
    assert tool('sweep', *command, '--values', '0', '30', '--seed', '4').code == 0
    assert steps == ['anonymize', 'audit'] and fits == []
    assert (out / 'tradeoff.csv').read_bytes() == table
    # Networks may be removed, to save room; what is needed again is trained again.
    shutil.rmtree(out / 'trained' / '30'), steps.clear()
    assert tool('sweep', *command, '--values', '0', '30', '--seed', '4').code == 0 and steps == []
    (out / 'anonymized' / '30.pkl').unlink()
    assert tool('sweep', *command, '--values', '0', '30', '--seed', '4').code == 0
    assert steps == ['train', 'anonymize'] and (out / 'tradeoff.csv').read_bytes() == table
    steps.clear()
    more = tool('sweep', *command, '--values', '0', '3', '30', '--seed', '4')
    assert more.code == 0 and steps == ['train', 'anonymize', 'audit']
    assert fits and not set(fits) & learned
    assert len((out / 'tradeoff.csv').read_text().splitlines()) == 4

    # What the folder holds is not taken for the results of other settings.
    other = tool('sweep', *command, '--values', '0', '30', '--seed', '5')
    assert other.code == 1 and 'were made with another seed; give another --out' in other.err


def test_what_has_no_weights_is_not_trained(tool, fits, steps, command, tmp_path):
    noise = tmp_path / 'noise.py'
    noise.write_text(
        f'_base_ = {str(command[0])!r}\n'
        "model = dict(anonymizer=dict(_delete_=True, type='GaussianNoiseAnonymizer', std=0.1, layout='kinect_v1', num_person=1))\n"
    )
    words = [noise, '--key', 'model.anonymizer.std', *command[3:]]
    done = tool('sweep', *words, '--values', '0.01', '0.5', '--frames', '13')
    assert done.code == 0, done.err
    made = load_annotations(tmp_path / 'out' / 'anonymized' / '0.5.pkl')['annotations']
    assert {sample['keypoint'].shape[1] for sample in made} == {13}
    assert steps == ['anonymize', 'anonymize', 'audit']
    with open(tmp_path / 'out' / 'tradeoff.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    moved = [float(row['mpjpe_mm']) for row in rows]
    assert moved[0] < 20 < 300 < moved[1]


def test_a_step_that_fails_is_named_with_its_log(tool, steps, command, tmp_path):
    options = ['--cfg-options', 'model.losses.privacy.type=Nothing']
    done = tool('sweep', *command, '--values', '1', '2', *options)
    assert done.code == 1 and steps == ['train']
    assert done.err.startswith(
        'error: the step "training, privacy.weight 1" failed (exit status 1: '
    )
    assert "type='Nothing' is not known" in done.err and done.err.count('\n') == 1
    assert done.err.endswith(f'its whole output is in {Path("out", "logs", "train_1.log")}\n')
    assert not (tmp_path / 'out' / 'tradeoff.csv').exists()


def test_a_training_that_saves_nothing_is_noticed(tool, steps, command, tmp_path):
    nothing = ['--cfg-options', 'default_hooks.checkpoint.save_last=False']
    nothing += ['default_hooks.checkpoint.interval=-1']
    done = tool('sweep', *command, '--values', '1', '2', *nothing)
    assert done.code == 1 and 'has no checkpoint; let the config save one' in done.err


CASES = {
    'unknown key': (['--key', 'model.losses.privacy.wieght'], "no 'wieght' in model.losses.privacy, which has ['type', 'weight']"),
    'below a value': (['--key', f'{KEY}.more'], f"no 'more' in {KEY}"),
    'no config': (['--key', 'nothing'], "no 'nothing' in the config"),
    'missing original': (['--original', 'absent.pkl'], 'absent.pkl does not exist'),
    'missing settings': (['--audit-config', 'absent.py'], 'absent.py does not exist'),
    'device': (['--device', 'cuda:77'], '--device cuda:77 cannot be used here'),
}  # fmt: skip


@pytest.mark.parametrize('case', CASES)
def test_mistakes_end_before_anything_is_trained(tool, steps, command, case):
    options, sentence = CASES[case]
    done = tool('sweep', *command, '--values', '1', '2', *options)
    assert (done.code, done.out) == (1, '')
    assert sentence in done.err and done.err.count('\n') == 1
    assert steps == []


def test_a_config_without_anonymizer_is_named(tool, steps, command, tmp_path):
    recognizer = tmp_path / 'recognizer.py'
    recognizer.write_text(
        "model = dict(type='SkeletonRecognizer', backbone=1)\ntrain_cfg = dict()\n"
    )
    words = [recognizer, '--key', 'model.backbone', *command[3:]]
    done = tool('sweep', *words, '--values', '1', '2')
    assert (done.code, done.out, steps) == (1, '', [])
    assert 'has no model.anonymizer (its model is SkeletonRecognizer)' in done.err


@pytest.mark.parametrize(
    ('values', 'sentence'),
    [
        (['1'], 'expected two or more, all different, found 1'),
        (['1', '2', '1.0'], 'expected two or more, all different, found 1 2 1.0'),
        (['1', 'many'], "invalid number value: 'many'"),
        (['1', 'nan'], "invalid number value: 'nan'"),
        (['1', '2', '--cfg-options', 'model'], "--cfg-options takes key=value, found 'model'"),
    ],
)
def test_usage_errors(tool, steps, command, tmp_path, values, sentence):
    done = tool('sweep', *command, '--values', *values)
    assert done.code == 2 and sentence in done.err
    assert steps == [] and not (tmp_path / 'out').exists()
