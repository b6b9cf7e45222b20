# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What tools/test.py prints and writes."""

import json
import pickle

import pytest
import torch
from builders import LAYOUT, action_head, annotations, privacy_head, tiny_model, tiny_net

from mmskanon.io.checkpoints import load_checkpoint

SUBJECT = 'privacy/adversary.subject'


def ran(done):
    assert done.code == 0, done.err
    assert done.err == ''
    return done


def metrics(path) -> dict:
    return json.loads(path.read_text())


def accuracy(scores, labels) -> float:
    return (torch.stack(scores).argmax(-1) == torch.tensor(labels)).float().mean().item()


@pytest.fixture
def attacked(config, ann_file, checkpoint):
    """Config with an independent attacker."""
    attacker = checkpoint('attacker.pth', tiny_net(privacy_head()))
    attackers = dict(other=dict(net=tiny_net(privacy_head()), checkpoint=str(attacker)))
    model = tiny_model(
        recognizer=dict(net=tiny_net(action_head(3)), checkpoint='warm start, no longer there'),
        attackers=attackers,
    )
    return config(ann_file, model=model)


def test_every_party_is_reported(tool, attacked, checkpoint, tmp_path):
    done = ran(tool('test', attacked, checkpoint(), '--metrics', 'out/metrics.json'))
    line = done.out.splitlines()[-1]
    written = metrics(tmp_path / 'out' / 'metrics.json')
    for key in (
        'action/top1',
        'action/mean_class',
        'action/chance',
        f'{SUBJECT}/top1',
        f'{SUBJECT}/balanced',
        f'{SUBJECT}/chance',
        'privacy/attacker.other/top1',
        'privacy/attacker.other/chance',
        'privacy/strongest/subject',
        'fidelity/mse',
        'fidelity/mpjpe_mm',
        'fidelity/bone_deviation',
        'area/subject',
    ):
        assert f' {key}: {written[key]:.4f} ' in line
    assert 'WARNING' not in done.out


def test_the_dump_holds_every_prediction(tool, attacked, checkpoint, tmp_path):
    done = ran(tool('test', attacked, checkpoint(), '--dump', 'out/all.pkl', '--metrics', 'm.json'))
    assert 'wrote 24 predictions to out/all.pkl' in done.out and 'WARNING' not in done.out
    assert [p.name for p in (tmp_path / 'out').iterdir()] == ['all.pkl']
    samples = pickle.loads((tmp_path / 'out' / 'all.pkl').read_bytes())
    data = annotations()
    named = {a['frame_dir']: a for a in data['annotations']}
    assert [s['frame_dir'] for s in samples] == data['split']['test']
    expected = metrics(tmp_path / 'm.json')
    actions = [named[s['frame_dir']]['label'] for s in samples]
    subjects = [named[s['frame_dir']]['subject'] - 1 for s in samples]
    assert accuracy([s['pred_score'] for s in samples], actions) == pytest.approx(
        expected['action/top1']
    )
    for name in ('adversary.subject', 'attacker.other'):
        scores = [s['pred_private'][name]['score'] for s in samples]
        assert accuracy(scores, subjects) == pytest.approx(expected[f'privacy/{name}/top1'])


def test_an_earlier_dump_survives_a_failed_test(tool, config, save, checkpoint, tmp_path):
    (tmp_path / 'all.pkl').write_bytes(b'old')
    data = annotations()
    data['annotations'][2]['keypoint'][:] = float('nan')
    done = tool('test', config(save(data)), checkpoint(), '--dump', 'all.pkl')
    assert done.code == 1
    assert (tmp_path / 'all.pkl').read_bytes() == b'old'


def test_a_dump_has_to_be_a_pickle(tool, config, ann_file, checkpoint, tmp_path):
    done = tool('test', config(ann_file), checkpoint(), '--dump', 'all.json')
    assert done.code == 1
    assert done.err.startswith('error: --dump all.json: the file name must end in .pkl')


def test_it_tests_the_weights_that_it_is_given(tool, config, ann_file, checkpoint, tmp_path):
    """Those of training, not fresh ones: the metrics are those that validation found."""
    cfg = config(ann_file, max_epochs=1)
    ran(tool('train', cfg))
    log = next((tmp_path / 'work').glob('*/vis_data/scalars.json')).read_text().splitlines()
    validated = json.loads(log[-1])
    ran(tool('test', cfg, tmp_path / 'work' / 'epoch_1.pth', '--metrics', 'trained.json'))
    ran(tool('test', cfg, checkpoint(), '--metrics', 'fresh.json'))
    trained, fresh = (metrics(tmp_path / f'{name}.json') for name in ('trained', 'fresh'))
    for key in ('fidelity/mse', 'fidelity/mpjpe_mm', f'{SUBJECT}/top1', 'action/top1'):
        assert trained[key] == pytest.approx(validated[key], rel=1e-6), key
    assert trained['fidelity/mpjpe_mm'] != pytest.approx(fresh['fidelity/mpjpe_mm'], rel=1e-3)


def test_a_baseline_without_weights_of_its_own(tool, config, ann_file, checkpoint, tmp_path):
    """With 'none', recognizer and adversary come from their own checkpoints."""
    action = checkpoint('action.pth', tiny_net(action_head(3)))
    subject = checkpoint('subject.pth', tiny_net(privacy_head()))
    member = dict(net=tiny_net(privacy_head()), checkpoint=str(subject))
    model = tiny_model(
        anonymizer=dict(type='IdentityAnonymizer', layout=LAYOUT, num_person=1),
        recognizer=dict(net=tiny_net(action_head(3)), checkpoint=str(action)),
        adversary=dict(type='AdversaryBank', members=dict(subject=member)),
    )
    cfg = config(ann_file, model=model)
    ran(tool('test', cfg, 'none', '--dump', 'all.pkl', '--metrics', 'm.json'))
    assert metrics(tmp_path / 'm.json')['fidelity/mpjpe_mm'] == 0
    # The recognizer alone gives the same scores.
    alone = config(ann_file, 'alone.py', model=tiny_net(action_head(3)), evaluator=ACTION)
    ran(tool('test', alone, action, '--dump', 'alone.pkl'))
    both = [pickle.loads((tmp_path / n).read_bytes()) for n in ('all.pkl', 'alone.pkl')]
    for first, second in zip(*both, strict=True):
        assert torch.allclose(first['pred_score'], second['pred_score'], atol=1e-6)


def test_untrained_weights_are_refused(tool, config, ann_file, checkpoint):
    """Not measured without a word, though the config names what the anonymizer would be trained from."""
    start = checkpoint()
    action = checkpoint('action.pth', tiny_net(action_head(3)))
    parties = dict(recognizer=dict(net=tiny_net(action_head(3)), checkpoint=str(action)))
    for model, name in (
        (tiny_model(**parties), 'ResNetAnonymizer'),
        (tiny_model(anonymizer_checkpoint=str(start), **parties), 'ResNetAnonymizer'),
        (tiny_net(action_head(3)), 'SkeletonRecognizer'),
    ):
        done = tool('test', config(ann_file, model=model, evaluator=ACTION), 'none')
        assert done.code == 1
        assert done.err.startswith(
            f"error: {name} has weights, which 'none' leaves untrained; give"
        )
    recipe = config(ann_file, model=tiny_net(action_head(3)), evaluator=ACTION)
    ran(tool('test', recipe, 'none', '--cfg-options', f'load_from={action}'))


def test_classifiers_are_tested_alike(tool, config, ann_file, checkpoint):
    recipe = config(ann_file, model=tiny_net(action_head(3)), evaluator=ACTION)
    done = ran(tool('test', recipe, checkpoint('a.pth', tiny_net(action_head(3)))))
    assert ' action/top1: ' in done.out.splitlines()[-1]


def test_testing_leaves_the_checkpoint_alone(tool, config, ann_file, checkpoint, tmp_path):
    path = checkpoint()
    before = load_checkpoint(path)
    ran(tool('test', config(ann_file), path))
    after = load_checkpoint(path)['state_dict']
    assert all(torch.equal(after[k], v) for k, v in before['state_dict'].items())


ACTION = [dict(type='ActionAccuracy')]
