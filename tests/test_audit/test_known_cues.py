# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The audit on generated people whose identity cues are known: it finds what is there and nothing else."""

import pytest
from mmengine.config import Config
from ntu_files import write_collection

from mmskanon.apis import anonymize_annotations
from mmskanon.audit.audit import Audit
from mmskanon.audit.document import Findings
from mmskanon.audit.jobs import read_result, run_job
from mmskanon.audit.report import check_results
from mmskanon.datasets.converters.ntu import convert_ntu
from mmskanon.datasets.converters.synthetic import generate_synthetic
from mmskanon.datasets.converters.synthetic_config import SyntheticConfig
from mmskanon.io import atomic_pickle
from mmskanon.models import CanonicalBonesAnonymizer
from mmskanon.utils import read_config

BASE = 'configs/audit/_base_.py'
ATTACKERS = ('bones', 'kinematics', 'class_aware', 'class_centred')


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Jobs one after another, without processes to start."""

    def run(jobs, root, workers, done):
        results = {}
        for job in jobs:
            for each in (*job.needs, job):
                run_job(each, root)
                results[each.key] = read_result(each, root)
            done(job)
        return results

    monkeypatch.setattr('mmskanon.audit.audit.run_jobs', run)


def settings(request, **changes) -> Config:
    cfg = read_config(str(request.config.rootpath / BASE))
    cfg.attackers = {k: v if k in ATTACKERS else None for k, v in cfg.attackers.items()}
    cfg.recognizers = dict(moves=dict(type='Kinematics'))
    cfg.merge_from_dict(
        dict(
            budget='small',
            believed='moves',
            control_attackers=['bones'],
            bootstrap=50,
            min_genuine=10,
        )
    )
    cfg.tiers = ['control', 'semi_informed']
    cfg.merge_from_dict(changes)
    return cfg


@pytest.fixture
def audited(request, tmp_path):
    """Generate people who differ in some cues, give them one body, audit both; returns the document and the bound of guessing."""

    def run(*cues, trials=4):
        data = generate_synthetic(
            SyntheticConfig(
                num_subjects=8, num_actions=6, trials=trials, two_person_actions=1, cues=cues
            )
        )
        atomic_pickle(data, tmp_path / 'original.pkl')
        population = dict(ann_file=str(tmp_path / 'original.pkl'), split='train')
        anonymizer = CanonicalBonesAnonymizer(population=population).eval()
        made = list(anonymize_annotations(data['annotations'], anonymizer, dict(layout='nturgb+d')))
        atomic_pickle(dict(data, annotations=made), tmp_path / 'bones.pkl')
        files = dict(bones=[str(tmp_path / 'bones.pkl')])
        audit = Audit(settings(request), str(tmp_path / 'original.pkl'), files, tmp_path / 'cache')
        audit.run()
        findings = Findings(audit, 'test', 0.0)
        bound = findings.yards['subject'].guess_bound(len(ATTACKERS))
        return findings.document()['methods']['bones'], bound

    return run


def rates(method, tier):
    attackers = method['privacy']['subject']['tiers'][tier]['attackers']
    return {name: figures['rank1'] for name, figures in attackers.items()}


def test_without_cues_every_attacker_is_at_chance(audited):
    method, bound = audited()
    for tier in ('control', 'semi_informed'):
        assert max(rates(method, tier).values()) <= bound
    assert (
        method['verdict']['claim'] == 'no_claim'
    )  # nothing was hidden: the control cannot succeed


def test_lengths_of_bones_are_found_and_canonical_bones_remove_them(audited):
    method, bound = audited('bone_lengths')
    control = rates(method, 'control')
    assert control['bones'] > 0.9 and control['bones'] == max(control.values())
    assert rates(method, 'semi_informed')['bones'] <= bound
    assert method['fidelity']['bone_variation'] < 1e-4


def test_recordings_of_ntu_run_through_the_same_protocol(request, tmp_path):
    write_collection(
        tmp_path / 'raw',
        subjects=range(1, 7),
        actions=(1, 2, 3, 50),
        cameras=(1, 2),
        replications=(1, 2),
    )
    convert_ntu([tmp_path / 'raw'], tmp_path / 'ntu.pkl', workers=1)
    file = str(tmp_path / 'ntu.pkl')
    audit = Audit(settings(request), file, dict(same=[file]), tmp_path / 'cache')
    task = audit.questions['subject'].task
    assert (
        'rule xrep' in task.sentence
        and 'enrolled by clips that attackers have trained on' in task.sentence
    )
    (fold,) = task.folds
    takes = audit.original.take_numbers()
    assert (
        not set(takes[fold.train]) & set(takes[fold.test]) and audit.original.store.num_person == 2
    )
    for listed in audit.questions['subject'].trials.values():
        assert len(listed) and (takes[listed.pairs[:, 0]] != takes[listed.pairs[:, 1]]).all()
    audit.run()
    document = Findings(audit, 'test', 0.0).document()
    assert not check_results(document)
    tiers = document['methods']['same']['privacy']['subject']['tiers']
    assert rates(document['methods']['same'], 'control') == rates(
        document['methods']['same'], 'semi_informed'
    )
    assert tiers['control']['attackers']['bones']['eer'] is not None


def test_tempo_survives_canonical_bones_and_the_audit_says_so(audited):
    method, bound = audited('tempo', trials=10)
    control, after = (max(rates(method, t).values()) for t in ('control', 'semi_informed'))
    assert control > 1.2 * bound and after > 1.2 * bound
    assert method['verdict']['claim'] == 'leaks'
