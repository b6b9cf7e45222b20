# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The audit from its command line to its files: figures, what is kept, and mistakes of the user."""

import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from audit_recordings import recordings
from builders import tiny_model
from sklearn.metrics import accuracy_score, roc_auc_score

from mmskanon.audit.report import check_results
from mmskanon.io import atomic_pickle

AUDIT = Path(__file__).resolve().parents[2] / 'tools' / 'audit.py'


def noisy(data, std=0.05, seed=0):
    """The same recordings with noise on every coordinate."""
    rng = np.random.default_rng(seed)
    samples = [
        dict(
            s,
            keypoint=(s['keypoint'] + rng.normal(scale=std, size=s['keypoint'].shape)).astype('f4'),
        )
        for s in data['annotations']
    ]
    return dict(data, annotations=samples)


@pytest.fixture
def files(save):
    """An original and two draws of noise on it."""
    data = recordings()
    return [
        save(data, 'original.pkl'),
        save(noisy(data), 'first.pkl'),
        save(noisy(data, seed=1), 'second.pkl'),
    ]


def document(out):
    return json.loads((out / 'report.json').read_text())


def without_times(figures):
    return {k: v for k, v in figures.items() if k != 'seconds'}


@pytest.mark.usefixtures('without_pictures')
def test_figures_follow_from_the_scores_and_repeat(tool, fits, files, audit_config, tmp_path):
    original, first, second = files
    command = ['--original', original, '--config', audit_config(), '--seed', '5', '--anonymized']
    command += [f'same={original}', f'noise={first},{second}']
    done = tool('audit', *command, '--out', tmp_path / 'one')
    assert done.code == 0, done.err
    assert 'Written' in done.out and 'noise: Leaks' in done.out
    doc = document(tmp_path / 'one')
    assert check_results(doc) == []
    assert (doc['budget'], doc['lower_bound'], doc['seed'], doc['seeds']) == ('fast', True, 5, [5])
    assert [len(m['files']) for m in doc['methods'].values()] == [1, 2]
    for name in ('report.html', 'methods.csv', 'attackers.csv'):
        assert (tmp_path / 'one' / name).stat().st_size > 0

    # Every figure can be computed again, by others, from the raw scores.
    for method, entry in doc['methods'].items():
        for tier, results in entry['privacy']['subject']['tiers'].items():
            folder = 'original' if tier == 'control' else method
            for attacker, figures in results['attackers'].items():
                path = tmp_path / 'one' / 'scores' / folder / 'subject' / tier / f'{attacker}.npz'
                with np.load(path) as scores:
                    labels, answers = scores['labels'], scores['log_posterior']
                    genuine, pairs = scores['genuine'], scores['pair_scores']
                if attacker != 'action':  # which ties all people that did the action equally often
                    assert figures['rank1'] == accuracy_score(labels, answers.argmax(axis=1))
                assert figures['auc'] == pytest.approx(roc_auc_score(genuine, pairs), abs=1e-9)

    # An anonymizer that does nothing gives what the control gives.
    tiers = doc['methods']['same']['privacy']['subject']['tiers']
    for tier in ('ignorant', 'semi_informed'):
        for attacker, figures in tiers[tier]['attackers'].items():
            assert without_times(figures) == without_times(tiers['control']['attackers'][attacker])
    assert doc['methods']['same']['fidelity']['mpjpe_mm'] == 0

    # What was learned is kept, and the same seed gives the same figures.
    assert fits and len(set(fits)) == len(fits)
    table = (tmp_path / 'one' / 'methods.csv').read_bytes()
    fits.clear()
    assert tool('audit', *command, '--out', tmp_path / 'one').code == 0 and fits == []
    assert (tmp_path / 'one' / 'methods.csv').read_bytes() == table
    assert tool('audit', *command, '--out', tmp_path / 'two').code == 0 and fits
    assert (tmp_path / 'two' / 'methods.csv').read_bytes() == table


def test_every_question_at_once(tool, fits, save, audit_config, tmp_path):
    data = recordings(genders=True)
    original, anonymized = save(data, 'original.pkl'), save(noisy(data), 'noise.pkl')
    settings = audit_config(open_folds=2, donors=[1, 2], unseen_actions=[2])
    command = ['--original', original, '--anonymized', anonymized, '--config', settings]
    done = tool('audit', *command, '--attributes', 'subject', 'gender', '--out', tmp_path / 'out')
    assert done.code == 0, done.err
    doc = document(tmp_path / 'out')
    assert check_results(doc) == []
    entry = doc['methods']['noise']
    assert set(entry['privacy']) == {'subject', 'subject_open', 'gender'}
    unseen = entry['privacy']['subject_open']['tiers']['control']['attackers']['bones']
    assert unseen['rank1'] is None and 0 <= unseen['eer'] <= 1
    assert doc['data']['attributes']['gender']['values'] == ['f', 'm']
    gender = entry['privacy']['gender']['tiers']['semi_informed']['attackers']['bones']
    assert gender['eer'] is None and set(gender['per_class']) == {'f', 'm'}
    assert {g: v['clips'] for g, v in entry['groups'].items()} == dict(donors=12, others=12)
    shares = [v['rank1'] for v in entry['groups'].values()]
    best = entry['privacy']['subject']['tiers']['semi_informed']
    assert np.mean(shares) == pytest.approx(best['attackers'][best['strongest']]['rank1'])
    apart = entry['utility']['unseen_actions']
    assert set(apart) == {'top1', 'mean_class', 'top1_among', 'chance'}


@pytest.mark.usefixtures('without_pictures')
def test_it_anonymizes_first(tool, fits, files, config, audit_config, tmp_path):
    nothing = dict(type='IdentityAnonymizer', layout='kinect_v1', num_person=1)
    cfg = config(files[0], 'nothing.py', model=tiny_model(anonymizer=nothing))
    command = ['--original', files[0], '--anonymizer', cfg, 'none', '--config', audit_config()]
    done = tool('audit', *command, '--out', tmp_path / 'out')
    assert done.code == 0, done.err
    entry = document(tmp_path / 'out')['methods']['nothing']
    assert entry['fidelity']['mpjpe_mm'] < 1e-3
    tiers = entry['privacy']['subject']['tiers']
    assert (
        tiers['semi_informed']['attackers']['bones']['rank1']
        == tiers['control']['attackers']['bones']['rank1']
    )


@pytest.mark.usefixtures('without_pictures')
def test_what_it_anonymized_is_taken_again_only_where_all_is_equal(
    tool, save, files, config, audit_config, tmp_path
):
    noise = dict(type='GaussianNoiseAnonymizer', layout='kinect_v1', num_person=1, std=0.05)
    cfg = config(files[0], 'noise.py', model=tiny_model(anonymizer=noise))
    other = save(recordings(seed=1), 'other.pkl')
    settings = audit_config(believed='nobody')  # ends after anonymization

    def anonymized(original, seed, out):
        command = ['--original', original, '--anonymizer', cfg, 'none', '--config', settings]
        folder = tmp_path / out / 'anonymized'
        known = set(folder.glob('*'))
        done = tool('audit', *command, '--seed', seed, '--out', tmp_path / out)
        assert "believed names the recognizer 'nobody'" in done.err
        return [p.read_bytes() for p in set(folder.glob('*')) - known]

    (first,) = anonymized(files[0], 1, 'one')
    assert anonymized(files[0], 1, 'two') == [first]
    assert anonymized(files[0], 1, 'one') == []
    (second,) = anonymized(files[0], 2, 'one')
    (third,) = anonymized(other, 1, 'one')
    assert len({first, second, third}) == 3


def test_what_it_anonymized_is_made_anew_after_a_file_that_the_config_names(
    tool, files, config, audit_config, tmp_path
):
    named = tmp_path / 'population.pkl'
    shutil.copy(files[0], named)
    bones = dict(
        type='CanonicalBonesAnonymizer', layout='kinect_v1', num_person=1,
        population=dict(ann_file=str(named), split='train'),
    )  # fmt: skip
    cfg = config(files[0], 'bones.py', model=tiny_model(anonymizer=bones))
    settings = audit_config(believed='nobody')  # ends after anonymization
    for count in (1, 1, 2):
        if count == 2:
            atomic_pickle(recordings(seed=3), named, overwrite=True)
        command = ['--original', files[0], '--anonymizer', cfg, 'none', '--config', settings]
        tool('audit', *command, '--out', tmp_path / 'out')
        assert len(list((tmp_path / 'out' / 'anonymized').glob('*'))) == count


def lacking(data):
    (gone, *kept), split = data['annotations'], data['split']
    train = [name for name in split['train'] if name != gone['frame_dir']]
    return dict(split=dict(split, train=train), annotations=kept)


def renamed(data):
    (first, *others), split = data['annotations'], data['split']
    return dict(
        split=dict(split, train=['x', *split['train'][1:]]),
        annotations=[dict(first, frame_dir='x'), *others],
    )


def changed(**changes):
    def change(data):
        return dict(
            data, annotations=[dict(data['annotations'][0], **changes), *data['annotations'][1:]]
        )

    return change


def shortened(data):
    first = data['annotations'][0]
    return changed(keypoint=first['keypoint'][:, :10], total_frames=10)(data)


FILES = {
    'a sample is missing': (lacking, "lacks 1 of the samples of original.pkl (48), the first is 'a1_s1_t1_c1'"),
    'another length': (shortened, "sample 'a1_s1_t1_c1', key keypoint: expected 20 frames as in original.pkl, found 10"),
    'another label': (changed(label=2), "key 'label': expected 0 as in original.pkl, found 2"),
    'another subject': (changed(subject=3), "key 'subject': expected 1 as in original.pkl, found 3"),
    'another name': (renamed, "lacks 1 of the samples of original.pkl (48), the first is 'a1_s1_t1_c1'"),
}  # fmt: skip


def refused(done, out, sentence):
    """One sentence, and nothing that could be taken for a report."""
    assert (done.code, done.out) == (1, ''), done.out + done.err
    assert done.err.strip().startswith('error: ') and done.err.strip().count('\n') == 0, done.err
    assert sentence in done.err
    assert not (out / 'report.json').exists() and not (out / 'report.html').exists()


@pytest.mark.parametrize('case', FILES)
def test_files_that_do_not_fit(tool, fits, save, audit_config, tmp_path, case):
    change, sentence = FILES[case]
    data = recordings()
    save(data, 'original.pkl'), save(change(data), 'other.pkl')
    command = [
        '--original',
        'original.pkl',
        '--anonymized',
        'other.pkl',
        '--config',
        audit_config(),
    ]
    refused(tool('audit', *command, '--out', 'out'), tmp_path / 'out', sentence)
    assert fits == []


ONE_NAME = ['a=original.pkl', 'a=first.pkl']
OTHER_ATTACKER = dict(attackers=dict(_delete_=True, odd=dict(type='Clairvoyant')))
ALL_OFF = dict(attackers=dict(_delete_=True, bones=None))
SETTINGS = {
    'unknown tier': (dict(tiers=['control', 'omniscient']), [], "'omniscient' is no tier; choose from"),
    'no control': (dict(tiers=['semi_informed', 'ignorant']), [], "key tiers: expected 'control'"),
    'control alone': (dict(tiers=['control']), [], 'and at least one other'),
    'unknown attacker': (OTHER_ATTACKER, [], "type='Clairvoyant' is not known"),
    'no attacker': (ALL_OFF, [], 'key attackers: expected at least one, found none'),
    'unknown recognizer': (dict(believed='gcn'), [], "believed names the recognizer 'gcn'"),
    'unknown classifier': (dict(recognizers=dict(_delete_=True, fast=dict(type='Kinematics', classifier='svm'))), [], "found 'svm'"),
    'unknown donor': (dict(donors=[9]), [], 'key donors: subject 9 is not in original.pkl'),
    'unknown action': (dict(unseen_actions=[0, 7]), [], 'key unseen_actions: label 7 is not in original.pkl'),
    'unknown attribute': ({}, ['--attributes', 'age'], "48 of 48 samples have no 'age'"),
    'unseen people are too few': (dict(open_folds=3), [], 'need at least 6 subjects, found 4'),
    'one name twice': ({}, ['--anonymized', *ONE_NAME], "two methods are called 'a'"),
    'missing file': ({}, ['--anonymized', 'absent.pkl'], 'absent.pkl does not exist'),
    'missing draw': ({}, ['--anonymized', 'first.pkl,absent.pkl'], 'absent.pkl does not exist'),
    'missing original': ({}, ['--original', 'absent.pkl'], 'absent.pkl does not exist'),
    'missing config': ({}, ['--config', 'absent.py'], 'absent.py does not exist'),
    'no anonymizer': ({}, ['--anonymizer', 'audit.py', 'none'], 'audit.py has no model.anonymizer'),
    'other layout': ({}, ['--layout', 'ntu25'], 'ntu25'),
    'misspelt option': ({}, ['--cfg-options', 'seed=[0,1,2]'], "an audit has no setting 'seed'; did you mean 'seeds'?"),
    'misspelt attacker': ({}, ['--cfg-options', 'attackers.gnc=None'], "attackers has no 'gnc' that could be switched off; choose from ["),
    'no such device': ({}, ['--device', 'cuda:77'], '--device cuda:77 cannot be used here'),
}  # fmt: skip


@pytest.mark.parametrize('case', SETTINGS)
def test_settings_that_do_not_fit(tool, fits, files, audit_config, tmp_path, case):
    changes, options, sentence = SETTINGS[case]
    command = ['--original', 'original.pkl', '--anonymized', 'first.pkl', '--out', 'out']
    command += ['--config', audit_config(**changes), *options]
    refused(tool('audit', *command), tmp_path / 'out', sentence)
    assert fits == []


def test_options_that_audits_know():
    options = ['layout=kinect_v1', 'seeds=[0,1]', 'attackers.gcn=None', 'attackers.tcn.blocks=3']
    options += ["attackers.more={'type':'Duration'}", "partition={'train':'train','test':'test'}"]
    module = runpy.run_path(str(AUDIT))
    for budget in ('fast', 'standard'):
        words = ['--original', 'a', '--anonymized', 'b', '--out', 'c', '--budget', budget]
        cfg = module['settings'](module['parse_args']([*words, '--cfg-options', *options]))
        assert cfg.layout == 'kinect_v1' and cfg.seeds == [0, 1] and cfg.attackers.gcn is None
        assert cfg.attackers.tcn.blocks == 3 and cfg.attackers.more.type == 'Duration'


def test_without_repetitions_nothing_can_be_tried(tool, fits, save, audit_config, tmp_path):
    data = recordings(trials=1)
    data['split'] = {}
    save(data, 'original.pkl')
    command = ['--original', 'original.pkl', '--anonymized', 'original.pkl', '--out', 'out']
    done = tool('audit', *command, '--config', audit_config())
    refused(done, tmp_path / 'out', 'need subject and trial (or replication)')


@pytest.mark.parametrize(
    'options', [[], ['--anonymized', 'a.pkl', '--budget', 'huge'], ['--anonymizer', 'only.py']]
)
def test_usage_errors(tool, tmp_path, options):
    done = tool('audit', '--original', 'original.pkl', '--out', 'out', *options)
    assert done.code == 2 and 'usage:' in done.err
    assert not (tmp_path / 'out').exists()


def living(group):
    """Processes of a process group that have not ended."""
    found = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, _, leader = path.read_text().rpartition(')')[2].split()[:3]
        except OSError:  # it has just ended
            continue
        if int(leader) == group and state not in 'ZX':
            found.append(int(path.parent.name))
    return found


def wait_for(condition, seconds=300):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end
        time.sleep(0.02)


@pytest.mark.usefixtures('without_pictures')
def test_killed_it_goes_on_where_it_was(tool, fits, files, audit_config, environment, tmp_path):
    original, first, _ = files
    attackers = dict(
        bones=dict(type='Anthropometrics'), slow=dict(type='Kinematics', classifier='boosting')
    )
    settings = audit_config(attackers=dict(_delete_=True, **attackers))
    command = ['--original', original, '--anonymized', first, '--config', settings]
    jobs = tmp_path / 'killed' / 'cache' / 'jobs'
    with open(tmp_path / 'log', 'w') as log:
        process = subprocess.Popen(
            [sys.executable, AUDIT, *command, '--out', tmp_path / 'killed', '--jobs', '1'],
            env=environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(lambda: list(jobs.glob('[!.]*/fit.json')) or process.poll() is not None)
        process.kill()  # this process alone: its workers have to notice
        assert process.wait() == -signal.SIGKILL, (tmp_path / 'log').read_text()
        wait_for(lambda: not living(process.pid), 60)
    finally:
        for pid in living(process.pid):
            os.kill(pid, signal.SIGKILL)
    assert 'recognizers 0/' in (tmp_path / 'log').read_text()  # told while it ran
    before = {p: p.stat().st_mtime_ns for p in jobs.glob('[!.]*/*')}
    finished = {p.parent.name for p in before}
    assert finished and not (tmp_path / 'killed' / 'report.json').exists()

    assert tool('audit', *command, '--out', tmp_path / 'killed').code == 0
    again = set(fits)
    assert again and not again & finished
    assert {p: p.stat().st_mtime_ns for p in before} == before
    fits.clear()
    assert tool('audit', *command, '--out', tmp_path / 'straight').code == 0
    assert set(fits) == again | finished
    assert document(tmp_path / 'killed')['methods'].keys() == {'first'}
    for name in ('methods.csv', 'scores/first/subject/semi_informed/slow.npz'):
        killed, straight = (tmp_path / folder / name for folder in ('killed', 'straight'))
        if name.endswith('csv'):
            assert killed.read_bytes() == straight.read_bytes()
        else:
            one, other = np.load(killed), np.load(straight)
            for key in one.files:
                np.testing.assert_array_equal(one[key], other[key])
