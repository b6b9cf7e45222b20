# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The audit from the command line, on small files and with attackers that need no network."""

import copy
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from audit_recordings import recordings

from mmskanon.audit.report import load_results
from mmskanon.io import atomic_pickle

TOOLS = Path(__file__).resolve().parents[2] / 'tools'

SETTINGS = """
_base_ = {base!r}
budget = 'small'
tiers = ['control', 'ignorant', 'lazy_informed', 'semi_informed', 'adaptive', 'original_enrolled', 'inversion']
attackers = dict(_delete_=True, bones=dict(type='Anthropometrics'), kinematics=dict(type='Kinematics'), action=dict(type='ContentBaseline'))
recognizers = dict(_delete_=True, moves=dict(type='Kinematics'), body=dict(type='Anthropometrics'))
believed = 'moves'
control_attackers = ['bones']
bootstrap = 50
min_genuine = 5
examples = 1
"""


@pytest.fixture
def files(tmp_path):
    """An original, a copy, noisy draws and a file whose bodies all have one size."""
    rng = np.random.default_rng(0)
    data = recordings(genders=True)

    def write(name, change):
        made = copy.deepcopy(data)
        for sample in made['annotations']:
            sample['keypoint'] = change(sample).astype(np.float32)
        atomic_pickle(made, tmp_path / f'{name}.pkl')
        return str(tmp_path / f'{name}.pkl')

    def one_size(sample):
        clip = sample['keypoint'] - 2
        return clip / (1 + 0.2 * (sample['subject'] - 1)) + 2

    return dict(
        original=write('original', lambda s: s['keypoint']),
        same=write('same', lambda s: s['keypoint']),
        draw0=write(
            'draw0', lambda s: s['keypoint'] + rng.normal(scale=0.5, size=s['keypoint'].shape)
        ),
        draw1=write(
            'draw1', lambda s: s['keypoint'] + rng.normal(scale=0.5, size=s['keypoint'].shape)
        ),
        size=write('size', one_size),
    )


@pytest.fixture
def settings(tmp_path):
    """Write the small settings, with additions; returns the path."""

    def write(more='', name='small.py'):
        base = str(TOOLS.parent / 'configs' / 'audit' / '_base_.py')
        (tmp_path / name).write_text(SETTINGS.format(base=base) + more)
        return str(tmp_path / name)

    return write


@pytest.fixture
def audit(tool, files, settings, tmp_path):
    """Run the audit; returns what the tool said and the folder."""

    def run(*words, out='out', more='', ok=True):
        done = tool(
            'audit', '--original', files['original'], '--config', settings(more), '--out', tmp_path / out,
            '--jobs', 1, *words,
        )  # fmt: skip
        assert (done.code == 0) == ok, done.err
        return done, tmp_path / out

    return run


def test_from_files_to_report(audit, files):
    noise = f'noise={files["draw0"]},{files["draw1"]}'
    done, out = audit('--anonymized', f'same={files["same"]}', noise, f'size={files["size"]}')
    doc = load_results(out / 'report.json')
    assert list(doc['methods']) == ['same', 'noise', 'size']
    assert 'same: Leaks' in done.out and (out / 'report.html').stat().st_size > 10000
    assert len(doc['methods']['noise']['files']) == 2
    tiers = doc['methods']['same']['privacy']['subject']['tiers']
    control = tiers['control']['attackers']['bones']
    assert control['rank1'] == 1.0 and control['eer'] == 0.0
    for name in ('ignorant', 'semi_informed'):  # a copy is no anonymization
        assert tiers[name]['attackers']['bones']['rank1'] == control['rank1']
    assert {g['name']: g['passed'] for g in doc['methods']['same']['gates']} == dict.fromkeys(
        [
            'control attacker succeeds',
            'identity reproduces the control',
            'noise gives chance',
            'attackers have converged',
            'no trial is missing',
        ],
        True,
    )
    # Who retrains sees what scaling has done to the noise of the recordings; who does not is lost.
    sized = doc['methods']['size']['privacy']['subject']['tiers']
    rates = [sized[t]['attackers']['bones']['rank1'] for t in ('ignorant', 'semi_informed')]
    assert rates[0] < 0.5 < rates[1]
    assert doc['methods']['same']['fidelity']['mpjpe_mm'] == 0.0
    assert doc['methods']['same']['fidelity']['tm'] == 1.0
    assert doc['methods']['size']['fidelity']['mpjpe_mm'] > 10
    assert doc['methods']['same']['utility']['fixed']['drop'] == 0.0
    # Raw scores give the figures again.
    with np.load(out / 'scores/noise/subject/semi_informed/bones.npz') as raw:
        rate = (raw['log_posterior'].argmax(1) == raw['labels']).mean()
        assert len(raw['pairs']) == len(raw['genuine']) == len(raw['pair_scores'])
    figures = doc['methods']['noise']['privacy']['subject']['tiers']['semi_informed']['attackers']
    assert figures['bones']['rank1'] == pytest.approx(rate)
    assert (out / 'scores/original/subject/control/bones.npz').exists()


def test_the_same_seed_gives_the_same_figures_and_nothing_is_trained_twice(audit, files):
    words = ('--anonymized', f'size={files["size"]}')
    _, first = audit(*words)
    stamps = {p: p.stat().st_mtime_ns for p in first.glob('cache/jobs/*/fit.json')}
    assert len(stamps) > 10
    text = (first / 'methods.csv').read_bytes()
    audit(*words)
    assert {p: p.stat().st_mtime_ns for p in first.glob('cache/jobs/*/fit.json')} == stamps
    _, second = audit(*words, out='again')
    assert (second / 'methods.csv').read_bytes() == text == (first / 'methods.csv').read_bytes()


def test_more_questions_groups_and_unseen_actions(audit, files):
    more = 'open_folds = 2\nattributes = ["subject", "gender"]\ndonors = [1, 2]\nunseen_actions = [2]\n'
    _, out = audit('--anonymized', f'same={files["same"]}', more=more)
    doc = load_results(out / 'report.json')
    method = doc['methods']['same']
    assert set(method['privacy']) == {'subject', 'subject_open', 'gender'}
    strangers = method['privacy']['subject_open']['tiers']
    assert strangers['control']['strongest'] is None and 'inversion' not in strangers
    assert strangers['control']['attackers']['bones']['eer'] is not None
    assert set(method['privacy']['gender']['tiers']) == {
        'control',
        'ignorant',
        'semi_informed',
        'adaptive',
    }
    assert method['groups']['donors'] == dict(clips=12, rank1=1.0)
    assert method['utility']['unseen_actions']['top1'] == 1.0


def test_it_anonymizes_first_where_asked(audit, config, files, tmp_path):
    from builders import LAYOUT, action_head, tiny_model, tiny_net

    model = tiny_model(
        anonymizer=dict(type='IdentityAnonymizer', layout=LAYOUT, num_person=1),
        recognizer=dict(net=tiny_net(action_head(3))),
    )
    cfg = config(files['original'], model=model)
    _, out = audit('--anonymizer', cfg, 'none')
    (name,) = load_results(out / 'report.json')['methods']
    assert name == cfg.stem and (out / 'anonymized' / f'{name}.pkl').exists()


def broken(files, tmp_path, change):
    import pickle

    with open(files['same'], 'rb') as file:
        data = pickle.load(file)
    change(data)
    atomic_pickle(data, tmp_path / 'broken.pkl', overwrite=True)
    return str(tmp_path / 'broken.pkl')


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda d: (d['annotations'].pop(), d.pop('split')), 'lacks 1 of the samples'),
        (lambda d: d['annotations'][0].update(label=1), "key 'label': expected 0"),
        (
            lambda d: d['annotations'][0].update(
                keypoint=d['annotations'][0]['keypoint'][:, :9], total_frames=9
            ),
            'expected 20 frames',
        ),
    ],
)
def test_files_that_do_not_fit_end_in_a_sentence(audit, files, tmp_path, change, sentence):
    done, out = audit('--anonymized', broken(files, tmp_path, change), ok=False)
    assert done.code == 1 and sentence in done.err and done.err.count('error:') == 1
    assert 'Traceback' not in done.err and not (out / 'report.json').exists()


@pytest.mark.parametrize(
    ('words', 'more', 'sentence'),
    [
        (['--anonymized', 'nowhere.pkl'], '', 'nowhere.pkl'),
        (['--anonymized', 'a={same}', 'a={size}'], '', "two methods are called 'a'"),
        (['--anonymized', '{same}'], "tiers = ['control', 'psychic']\n", "'psychic' is no tier"),
        (['--anonymized', '{same}'], "tiers = ['ignorant']\n", "expected 'control'"),
        (
            ['--anonymized', '{same}'],
            "attackers = dict(x=dict(type='Nobody'))\n",
            "'Nobody' is not known",
        ),
        (
            ['--anonymized', '{same}'],
            "believed = 'nobody'\n",
            "believed names the recognizer 'nobody'",
        ),
        (['--anonymized', '{same}'], 'donors = [77]\n', 'subject 77 is not in'),
        (['--anonymized', '{same}', '--device', 'cuda'], '', '--device cuda cannot be used here'),
        (
            ['--anonymized', '{same}', '--attributes', 'subject', 'height'],
            '',
            "no sample has the attribute 'height'",
        ),
    ],
)
def test_mistakes_end_in_a_sentence(audit, files, words, more, sentence):
    done, out = audit(*(w.format(**files) for w in words), more=more, ok=False)
    assert done.code == 1 and sentence in done.err and 'Traceback' not in done.err
    assert not (out / 'report.json').exists()


def test_nothing_to_audit_is_a_usage_error(audit):
    done, _ = audit(ok=False)
    assert done.code == 2 and 'nothing to audit' in done.err


def test_killed_and_run_again_it_goes_on(files, settings, tmp_path, environment):
    def command(out):
        return [
            sys.executable, str(TOOLS / 'audit.py'), '--original', files['original'], '--anonymized', files['size'],
            '--config', settings(), '--out', str(tmp_path / out), '--jobs', '1',
        ]  # fmt: skip

    process = subprocess.Popen(
        command('killed'), env=environment(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    jobs = tmp_path / 'killed/cache/jobs'
    until = time.time() + 120
    while time.time() < until and not list(jobs.glob('*/fit.json')) and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    stamps = {p: p.stat().st_mtime_ns for p in jobs.glob('*/fit.json')}
    assert stamps and not (tmp_path / 'killed/report.json').exists()
    for out in ('killed', 'straight'):
        subprocess.run(command(out), env=environment(), check=True, capture_output=True)
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in stamps.items())
    assert (tmp_path / 'killed/methods.csv').read_bytes() == (
        tmp_path / 'straight/methods.csv'
    ).read_bytes()
    one, other = (
        json.loads((tmp_path / o / 'report.json').read_text()) for o in ('killed', 'straight')
    )
    assert one['methods']['size']['privacy'].keys() == other['methods']['size']['privacy'].keys()
