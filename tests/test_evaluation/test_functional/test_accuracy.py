# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import balanced_accuracy_score, recall_score, top_k_accuracy_score

from mmskanon.evaluation.functional import (
    balanced_accuracy,
    class_recall,
    mean_class_accuracy,
    top_k_accuracy,
    top_k_credit,
)


def _random_case(seed, n=200, k=9):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)).astype(np.float32)
    labels = rng.choice(k, size=n, p=rng.dirichlet(np.ones(k)))
    scores[np.arange(n), labels] += 1
    return scores, labels


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('k', [1, 2, 5, 8])
def test_top_k_equals_sklearn(seed, k):
    scores, labels = _random_case(seed)
    expected = top_k_accuracy_score(labels, scores, k=k, labels=np.arange(scores.shape[1]))
    assert top_k_accuracy(scores, labels, k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.filterwarnings('ignore:y_pred contains classes')
@pytest.mark.parametrize('seed', range(5))
def test_balanced_accuracy_and_recall_equal_sklearn(seed):
    scores, labels = _random_case(seed)
    guess = scores.argmax(axis=1)
    present = np.unique(labels)
    recall = recall_score(labels, guess, labels=present, average=None)
    assert list(class_recall(scores, labels)) == present.tolist()
    np.testing.assert_allclose(list(class_recall(scores, labels).values()), recall, atol=1e-12)
    expected = balanced_accuracy_score(labels, guess)
    assert balanced_accuracy(scores, labels) == pytest.approx(expected, abs=1e-12)
    assert mean_class_accuracy(scores, labels) == balanced_accuracy(scores, labels)


def test_classes_that_do_not_occur_do_not_count():
    scores = np.eye(4)[[0, 0, 2, 3]]
    labels = np.array([0, 0, 2, 2])
    assert class_recall(scores, labels) == {0: 1.0, 2: 0.5}
    assert balanced_accuracy(scores, labels) == 0.75


def test_perfect_chance_and_inverted():
    labels = np.array([0, 1, 0, 1, 1, 1])
    perfect = np.eye(2)[labels]
    assert top_k_accuracy(perfect, labels) == balanced_accuracy(perfect, labels) == 1.0
    inverted = perfect[:, ::-1]
    assert top_k_accuracy(inverted, labels) == balanced_accuracy(inverted, labels) == 0.0
    always_one = np.tile([0.0, 1.0], (6, 1))
    assert top_k_accuracy(always_one, labels) == pytest.approx(4 / 6)
    assert balanced_accuracy(always_one, labels) == 0.5


@pytest.mark.parametrize('num_classes', [2, 3, 8, 60])
@pytest.mark.parametrize('k', [1, 2])
def test_constant_output_scores_exactly_chance_whatever_the_labels(num_classes, k):
    scores = np.full((5, num_classes), 0.25)
    for labels in (np.zeros(5, int), np.full(5, num_classes - 1)):
        assert top_k_accuracy(scores, labels, k) == pytest.approx(k / num_classes)


def test_ties_are_shared_over_the_last_places():
    scores = np.array([[0.5, 0.2, 0.2, 0.2, 0.1]])
    expected = {1: 0.0, 2: 1 / 3, 3: 2 / 3, 4: 1.0, 5: 1.0}
    found = {k: top_k_credit(scores, np.array([2]), k)[0] for k in expected}
    assert found == pytest.approx(expected)


cases = st.tuples(st.integers(1, 12), st.integers(1, 7)).flatmap(
    lambda s: st.tuples(
        hnp.arrays(np.float32, s, elements=st.floats(-4, 4, width=16)),
        hnp.arrays(np.int64, s[0], elements=st.integers(0, s[1] - 1)),
    )
)


@given(cases)
def test_credit_is_monotonic_in_k_and_complete(case):
    scores, labels = case
    credits = [top_k_credit(scores, labels, k) for k in range(1, scores.shape[1] + 1)]
    assert all(((0 <= c) & (c <= 1)).all() for c in credits)
    assert all((b >= a).all() for a, b in zip(credits[:-1], credits[1:], strict=True))
    assert (credits[-1] == 1).all()


@given(cases)
def test_credit_of_all_classes_adds_up_to_k(case):
    scores, _ = case
    n, num_classes = scores.shape
    for k in range(1, num_classes + 1):
        total = sum(top_k_credit(scores, np.full(n, c), k) for c in range(num_classes))
        np.testing.assert_allclose(total, k)


@given(cases, st.randoms(use_true_random=False))
def test_order_of_samples_and_names_of_classes_do_not_matter(case, random):
    scores, labels = case
    rows, columns = list(range(len(labels))), list(range(scores.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    renamed = np.argsort(columns)[labels[rows]]
    shuffled = scores[rows][:, columns]
    for measure in (top_k_accuracy, balanced_accuracy):
        assert measure(shuffled, renamed) == pytest.approx(measure(scores, labels))


@given(cases)
def test_only_the_order_of_scores_matters(case):
    scores, labels = case
    stretched = np.exp(scores.astype(np.float64)) * 3 - 7
    assert top_k_accuracy(stretched, labels) == top_k_accuracy(scores, labels)


@given(cases, st.integers(2, 4))
def test_repeating_one_class_does_not_move_balanced_accuracy(case, times):
    scores, labels = case
    repeat = np.where(labels == labels[0], times, 1)
    more = balanced_accuracy(np.repeat(scores, repeat, axis=0), np.repeat(labels, repeat))
    assert more == pytest.approx(balanced_accuracy(scores, labels))


@pytest.mark.parametrize(
    ('scores', 'labels', 'k', 'message'),
    [
        (np.zeros((2, 3)), np.array([0, 3]), 1, 'labels from 0 to 3'),
        (np.zeros((2, 3)), np.array([-1, 0]), 1, 'labels from -1 to 0'),
        (np.zeros((2, 3)), np.array([0]), 1, r'found \(2, 3\) and \(1,\)'),
        (np.zeros((0, 3)), np.array([], int), 1, 'at least one sample'),
        (np.zeros((1, 3)), np.array([0.0]), 1, 'integer class indices'),
        (np.zeros((1, 3)), np.array([0]), 4, 'number of classes 3, found 4'),
        (np.zeros((1, 3)), np.array([0]), 0, 'found 0'),
        (np.array([[0.0, np.nan], [0.0, 1.0]]), np.array([0, 0]), 1, '1 of 2 samples have NaN'),
    ],
)
def test_unusable_input_is_refused(scores, labels, k, message):
    with pytest.raises(ValueError, match=message):
        top_k_accuracy(scores, labels, k)
