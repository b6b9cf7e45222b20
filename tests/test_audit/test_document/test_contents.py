# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What stands in the document beside the verdict, and the scores that are kept."""

from types import SimpleNamespace

import numpy as np
import pytest
from planted_audits import CLIPS, SHIFT, judged

from mmskanon.audit.attackers import FitReport
from mmskanon.audit.document import Findings
from mmskanon.audit.fidelity import measure_fidelity
from mmskanon.audit.tiers import TIERS
from mmskanon.evaluation.functional import equal_error_rate
from mmskanon.skeletons.geometry import normalize_skeleton


def test_an_attacker_of_several_jobs_is_described_by_all(audit):
    audit.reports['m', 'subject', 'ignorant', 'a'] = [
        FitReport(0.9, how='reached 95%', epochs=4),
        FitReport(0.7, how='plateau', epochs=9),
        FitReport(0.8, how='reached 95%', epochs=2),
    ]
    audit.reports['m', 'subject', 'ignorant', 'b'] = [FitReport(1.0), FitReport(0.5, False)]
    attackers = judged(audit)['privacy']['subject']['tiers']['ignorant']['attackers']
    a, b = attackers['a'], attackers['b']
    assert a['train_accuracy'] == pytest.approx(0.8) and a['epochs'] == 9 and a['seconds'] == 3
    assert a['how'] == 'reached 95%; plateau' and a['converged'] is True
    assert b['converged'] is False


def test_the_document_says_what_it_rests_on(audit, monkeypatch):
    monkeypatch.setattr('mmskanon.audit.document.measure_fidelity', measure_fidelity)
    document = Findings(audit, 'the command', 0.0).document()
    data = document['data']
    assert data['partition'] == dict(
        kind='closed', train=CLIPS, test=CLIPS, sentence=data['partition']['sentence']
    )
    assert data['original']['samples'] == 2 * CLIPS and data['num_actions'] == 10
    assert data['attributes']['subject']['values'] == ['1', '2', '3', '4']
    assert data['attributes']['subject']['chance'] == 0.25
    matched = data['trials']['subject']['matched']
    # Twelve clips an action are 66 pairs, of which three of each person are genuine.
    assert matched['genuine'] == 10 * 12 and matched['pairs'] == 10 * 66
    assert document['attackers'] == dict(
        a=dict(family='planted', counts=True),
        b=dict(family='planted', counts=True),
        apart=dict(family='planted', counts=False),
    )
    assert document['controls']['identity']['a']['rank1'] == 1
    assert document['controls']['noise']['b']['rank1'] == 0.25
    assert document['command'] == 'the command' and document['budget'] == 'small'
    assert document['attacker_seconds'] == 6.5
    fidelity = document['methods']['m']['fidelity']
    assert fidelity['mpjpe_mm'] == pytest.approx(50, rel=1e-3) and fidelity['tm'] == 1
    assert fidelity['tm_chance'] == pytest.approx(1 / 6)  # sources are found among all takes
    assert document['methods']['m']['utility']['fixed']['top1'] == 0.5


def test_figures_can_be_computed_again_from_the_scores_that_are_kept(audit, tmp_path):
    audit.right['m', 'subject', 'semi_informed', 'a'] = 90
    audit.right['m', 'subject', 'adaptive', 'a'] = 75
    audit.apart['m', 'subject', 'semi_informed', 'a'] = 1.5
    findings = Findings(audit, 'test', 0.0)
    tiers = findings.document()['methods']['m']['privacy']['subject']['tiers']
    findings.scores('m', 'subject', 'control')  # drawn for each method, and kept once
    findings.save_scores(tmp_path / 'scores')
    assert len(list((tmp_path / 'scores').rglob('*.npz'))) == 3 * len(TIERS)
    people = {s['frame_dir']: s['subject'] for s in audit.original.samples}
    names = audit.original.store.names
    for tier, results in tiers.items():
        folder = tmp_path / 'scores' / ('original' if tier == 'control' else 'm') / 'subject' / tier
        for attacker, figures in results['attackers'].items():
            kept = np.load(folder / f'{attacker}.npz')
            assert [people[n] - 1 for n in kept['names']] == kept['labels'].tolist()
            rank1 = (kept['log_posterior'].argmax(1) == kept['labels']).mean()
            assert rank1 == figures['rank1'], (tier, attacker)
            same = [people[names[a]] == people[names[b]] for a, b in kept['pairs']]
            np.testing.assert_array_equal(same, kept['genuine'])
            eer = equal_error_rate(kept['pair_scores'], kept['genuine'])
            assert eer == pytest.approx(figures['eer']), (tier, attacker)


def test_pictures_are_drawn_from_the_scores_of_the_strongest(audit):
    audit.right['m', 'subject', 'ignorant', 'b'] = 60
    audit.right['m', 'subject', 'ignorant', 'apart'] = CLIPS
    audit.right['m', 'subject', 'semi_informed', 'a'] = 90
    findings = Findings(audit, 'test', 0.0)
    findings.document()

    def right(tier):
        found = findings.scores('m', 'subject', tier)
        assert len(found['genuine']) == len(found['pair_scores']) == 10 * 66
        return (found['log_posterior'].argmax(1) == found['labels']).sum()

    assert right('ignorant') == 60 and right('control') == CLIPS
    assert right('adaptive') == 90  # on anonymized clips alone, which was better


def test_there_are_no_scores_of_a_tier_that_was_not_run(audited):
    findings = Findings(audited(tiers=['control', 'ignorant']), 'test', 0.0)
    assert findings.scores('m', 'subject', 'adaptive') is None
    assert findings.scores('m', 'subject', 'ignorant') is not None


@pytest.mark.parametrize('seed', range(6))
def test_examples_are_test_clips_of_different_people_and_actions(audit, seed):
    audit.cfg.randomness.seed = seed
    found = Findings(audit, 'test', 0.0).examples()
    names, samples = audit.original.store.names, audit.original.samples
    rows = [names.index(example.name) for example in found]
    assert len(rows) == audit.cfg.examples == 3
    assert set(rows) <= set(audit.recognition.fold.test)
    for key in ('subject', 'label'):
        assert len({samples[i][key] for i in rows}) == 3
    for example, i in zip(found, rows, strict=True):
        np.testing.assert_array_equal(example.original, audit.original.store.camera(i))
        moved = example.anonymized['m'] - example.original
        np.testing.assert_allclose(moved, np.broadcast_to(SHIFT, moved.shape), atol=1e-5)


def test_displacement_is_that_of_each_joint_of_those_who_are_there(audit):
    found = Findings(audit, 'test', 0.0).displacement()
    np.testing.assert_allclose(found['m'], np.full(20, 50), rtol=1e-3)
    store = audit.original.store

    def one_joint(index):
        """Half of the frames have nobody, and the seventh joint alone moves, in test clips."""
        clip = store.camera(index).copy()
        clip[:, 3:] = 0
        return clip

    def elsewhere(index):
        clip = one_joint(index)
        clip[:, :3, 7, 0] += 0.2 if index in audit.recognition.fold.test else 9
        return clip

    findings = Findings(audit, 'test', 0.0)
    before = SimpleNamespace(layout=store.layout, camera=one_joint, placement=store.placement)
    after = SimpleNamespace(layout=store.layout, camera=elsewhere, placement=store.placement)
    findings.audit = SimpleNamespace(
        original=SimpleNamespace(store=before),
        recognition=audit.recognition,
        methods=dict(m=SimpleNamespace(stores=[after])),
    )
    expected = np.where(np.arange(20) == 7, 200, 0)
    np.testing.assert_allclose(findings.displacement()['m'], expected, atol=1e-3)


@pytest.fixture
def placed(audit):
    """Findings of the originals, brought to the origin as by ``--placement canonical``."""
    findings, store = Findings(audit, 'test', 0.0), audit.original.store

    def camera(index):
        return normalize_skeleton(store.camera(index), store.layout, rotate='invariant')[0]

    after = SimpleNamespace(
        layout=store.layout, camera=camera, placement=np.zeros_like(store.placement)
    )
    findings.audit = SimpleNamespace(
        cfg=audit.cfg,
        original=audit.original,
        recognition=audit.recognition,
        methods=dict(m=SimpleNamespace(stores=[after])),
    )
    return findings


def test_displacement_is_not_that_to_the_origin(placed):
    assert placed.displacement()['m'].max() < 1e-3


def test_examples_at_the_origin_are_shown_where_the_originals_stood(placed):
    found = placed.examples()
    assert found
    for example in found:
        np.testing.assert_allclose(example.anonymized['m'], example.original, atol=1e-5)
