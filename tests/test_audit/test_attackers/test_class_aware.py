# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from audit_views import halves, samples, view_of

from mmskanon.audit.attackers import ClassAware, ClassCentred, ContentBaseline
from mmskanon.audit.attackers.class_aware import KINDS, class_log_posterior, cross_validate
from mmskanon.audit.attackers.class_centred import ClassMeans
from mmskanon.audit.clips import View


def test_densities_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    distances, labels = rng.uniform(0, 4, (5, 7)), np.array([0, 0, 1, 1, 1, 3, 3])
    for kind in ('kernel', 'nearest'):
        found = class_log_posterior(distances, labels, 4, 0.8, kind)
        for row, square in enumerate(distances):
            density = []
            for label in range(4):
                kernels = [np.exp(-d / (2 * 0.8**2)) for d in square[labels == label]] or [0.0]
                density.append(max(kernels) if kind == 'nearest' else np.mean(kernels))
            expected = 0.9999 * np.array(density) / sum(density) + 1e-4 / 4
            np.testing.assert_allclose(found[row], np.log(expected), rtol=1e-9)


def test_the_farthest_class_is_that_of_the_largest_mean_distance():
    rng = np.random.default_rng(0)
    distances, labels = rng.uniform(0, 4, (5, 7)), np.array([0, 0, 1, 1, 1, 3, 3])
    distances[0, 1] = np.inf  # one not to be used
    found = class_log_posterior(distances, labels, 4, 0.8, 'far')
    for row, square in enumerate(distances):
        weights = np.zeros(4)
        for label in (0, 1, 3):
            own = square[(labels == label) & np.isfinite(square)]
            weights[label] = np.exp(own.mean() / (2 * 0.8**2))
        expected = 0.9999 * weights / weights.sum() + 1e-4 / 4
        np.testing.assert_allclose(found[row], np.log(expected), rtol=1e-9)


def test_people_are_found_by_clips_that_were_made_unlike():
    """Clips less the mean over all of a person add up to nothing: each is unlike the others."""
    rng = np.random.default_rng(0)
    people, takes, size = 8, 4, 12
    raw = rng.normal(size=(6, people, takes, size))
    places = (raw - raw.mean(axis=2, keepdims=True)).reshape(-1, size)
    actions = np.repeat(np.arange(6), people * takes)
    labels = np.tile(np.repeat(np.arange(people), takes), 6)
    folds = np.tile(np.arange(takes), 6 * people)
    judged = cross_validate(places, labels, actions, folds, people, [1.0], KINDS)
    accuracy = {kind: right for (kind, _), (right, _) in judged.items()}
    assert accuracy['far'] > 0.6 and accuracy['nearest'] < 0.125 and accuracy['kernel'] < 0.125
    judged = cross_validate(raw.reshape(-1, size), labels, actions, folds, people, [1.0], ['far'])
    assert judged['far', 1.0][0] < 0.25  # nothing to find


def test_with_one_clip_of_each_action_it_learns_from_other_actions_what_to_compare(tmp_path):
    train, labels, test, right = halves('style', tmp_path, trials=2)
    attacker = ClassAware()
    report = attacker.fit(train, labels, 4, 0)
    assert len({t['train_accuracy'] for t in report.tries}) > 1  # something was compared
    assert report.train_accuracy > 0.5
    assert (attacker.score(test).log_posterior.argmax(1) == right).mean() > 0.5


def test_far_away_clips_still_have_a_nearest():
    found = class_log_posterior(np.array([[1e9, 2e9]]), np.array([0, 1]), 2, 1e-3, 'nearest')
    assert np.isfinite(found).all() and found[0, 0] > found[0, 1]


def test_left_out_clips_are_judged_by_other_folds_of_their_action():
    places = np.array([[0.0], [0.1], [1.0], [1.1], [0.05], [0.06]])
    labels, actions = np.array([0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 0, 1, 1])
    folds = np.array([0, 1, 0, 1, 0, 1])
    judged = cross_validate(places, labels, actions, folds, 2, [0.1], ['nearest', 'kernel'])
    assert judged['nearest', 0.1][0] == judged['kernel', 0.1][0] == 1
    # Without another fold nobody can tell.
    same = cross_validate(places, labels, actions, 0 * folds, 2, [0.1], ['nearest'])
    assert same['nearest', 0.1][1] == pytest.approx(np.log(0.5))


def test_an_unknown_action_is_compared_with_all_clips(tmp_path):
    view, labels, test, answers = halves('bones', tmp_path)
    known = view.actions != 2
    for attacker in (ClassAware(spaces=['position']), ClassCentred()):
        attacker.fit(view[known], labels[known], 4, 0)
        new = test.actions == 2
        scores = attacker.score(test[new])
        assert np.isfinite(scores.log_posterior).all()
        assert (scores.log_posterior.argmax(1) == answers[new]).mean() > 0.5


def test_a_class_without_clips_of_the_action_is_not_ruled_out(tmp_path):
    view, labels, test, _ = halves('bones', tmp_path)
    kept = (view.actions != 0) | (labels != 3)
    attacker = ClassAware(spaces=['position'])
    attacker.fit(view[kept], labels[kept], 4, 0)
    scores = attacker.score(test[test.actions == 0])
    np.testing.assert_allclose(np.exp(scores.log_posterior[:, 3]), 1e-4 / 4, rtol=1e-3)


def test_draws_of_one_clip_do_not_vouch_for_each_other(tmp_path):
    clips = samples(None)
    drawn = [view_of(clips, tmp_path / str(i)) for i in range(2)]
    both, labels = drawn[0][0] + drawn[1][0], np.concatenate([drawn[0][1], drawn[1][1]])
    report = ClassAware().fit(both, labels, 4, 0)
    assert report.train_accuracy < 0.5  # 1 where a draw finds its twin


def test_views_of_one_take_do_not_vouch_for_each_other(tmp_path):
    clips = samples(None, trials=3)
    both = clips + [dict(s, frame_dir=f'{s["frame_dir"]}_c2') for s in clips]
    takes = [*range(len(clips))] * 2
    view, labels = view_of(both, tmp_path, takes=takes)
    assert (
        ClassAware().fit(view, labels, 4, 0).train_accuracy < 0.5
    )  # 1 where a view finds its twin
    once = [s['trial'] == 0 for s in both]
    report = ClassAware().fit(view[np.array(once)], labels[once], 4, 0)
    assert report.train_accuracy < 0.9  # nobody repeats an action: clips of other actions judge


def test_class_means_are_taken_out():
    rng = np.random.default_rng(0)
    table, actions = rng.normal(size=(8, 3)), np.array([5, 5, 2, 2, 2, 9, 9, 9])
    means = ClassMeans().fit(table, actions)
    rest = means.remove(table, actions)
    for action in (2, 5, 9):
        np.testing.assert_allclose(rest[actions == action].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(
        means.remove(table[:1], np.array([7])), table[:1] - table.mean(0), atol=1e-6
    )
    np.testing.assert_allclose(
        means.remove(table[:1], np.array([99])), table[:1] - table.mean(0), atol=1e-6
    )


def test_content_knows_frequencies_only(tmp_path):
    view, labels, test, _ = halves('bones', tmp_path)
    kept = ~((view.actions == 1) & (labels > 0))
    attacker = ContentBaseline()
    attacker.fit(view[kept], labels[kept], 4, 0)
    number = int((labels[kept][view[kept].actions == 1] == 0).sum())
    expected = np.array([number + 1, 1, 1, 1]) / (number + 4)
    scores = attacker.score(test)
    np.testing.assert_allclose(
        np.exp(scores.log_posterior[test.actions == 1]),
        expected[None].repeat((test.actions == 1).sum(), 0),
        rtol=1e-5,
    )
    # Nothing but the action is read: a view without stores serves.
    blind = View((), test.source, test.index, test.actions, test.num_actions)
    np.testing.assert_array_equal(attacker.score(blind).log_posterior, scores.log_posterior)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"a space must be one of .*found 'colour'"):
        ClassAware(spaces=['colour'])
    with pytest.raises(ValueError, match="found .*'farthest'"):
        ClassAware(kinds=['farthest'])
    with pytest.raises(ValueError, match=r"tables of ClassCentred .* found \['x'\]"):
        ClassCentred(tables=['x'])
