# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from mmskanon.audit.attackers import Kinematics
from mmskanon.audit.attackers.statistics import CLASSIFIERS, Standardizer, TableClassifier


def table(seed=0, count=90, size=12, classes=3, apart=2.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = np.random.default_rng(1).normal(size=(classes, size)) * apart
    return (centres[labels] + rng.normal(size=(count, size))).astype(np.float32), labels


def test_standardizing_leaves_out_what_only_rounding_moves():
    x, _ = table()
    x[:, 3] = 0.25 + np.random.default_rng(0).normal(scale=1e-8, size=len(x))
    standardizer = Standardizer()
    out = standardizer.fit(x, 0)
    kept = np.delete(x, 3, axis=1)
    np.testing.assert_allclose(out, (kept - kept.mean(0)) / kept.std(0), atol=1e-4)
    np.testing.assert_array_equal(standardizer.transform(x[:7]), out[:7])


def test_many_features_become_few_that_vary():
    x, _ = table(size=200)
    x[:, 100:] = x[:, :100]
    out = Standardizer(components=64).fit(x, 0)
    assert out.shape == (90, 64)
    few = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    lines = few @ np.random.default_rng(1).normal(size=(3, 120)).astype(np.float32)
    assert Standardizer().fit(lines, 0).shape == (90, 3)


@pytest.mark.parametrize('classifier', CLASSIFIERS)
def test_classifiers_learn_and_say_probabilities(classifier):
    model = TableClassifier(classifier, {}, 256)
    x, labels = table()
    report = model.fit(x, labels, 4, 0)  # the fourth class has no clip
    assert report.train_accuracy > 0.95 and report.converged
    new, answers = table(seed=5)
    log_posterior = model.log_posterior(new)
    assert (log_posterior.argmax(1) == answers).mean() > 0.9
    np.testing.assert_allclose(np.exp(log_posterior).sum(1), 1, atol=1e-5)
    assert (log_posterior[:, 3] < -60).all()


def test_lda_is_that_of_scikit_learn_and_its_embedding_whitens_classes():
    x, labels = table(count=300)
    model = TableClassifier('lda', {}, 256)
    model.fit(x, labels, 3, 0)
    scaled = (x - x.mean(0)) / x.std(0)
    reference = LinearDiscriminantAnalysis(solver='eigen', shrinkage='auto').fit(scaled, labels)
    np.testing.assert_allclose(
        np.exp(model.log_posterior(x)), reference.predict_proba(scaled), atol=1e-3
    )
    vectors = model.embedding(x)
    assert vectors.shape == (300, 2)
    inner = np.mean([np.cov(vectors[labels == k].T) for k in range(3)], axis=0)
    np.testing.assert_allclose(inner, np.eye(2), atol=0.15)


def test_people_outside_training_are_told_apart_by_the_embedding():
    x, labels = table(count=400, classes=8, apart=1.0, size=20)
    model = TableClassifier('lda', {}, 256)
    model.fit(x[labels < 6], labels[labels < 6], 6, 0)
    vectors = model.embedding(x[labels >= 6])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    same = labels[labels >= 6][:, None] == labels[labels >= 6][None]
    cosine = unit @ unit.T
    assert cosine[same].mean() > cosine[~same].mean() + 0.5


@pytest.mark.parametrize('classifier', CLASSIFIERS)
def test_features_that_do_not_vary_give_the_frequencies(classifier):
    labels = np.array([0, 0, 0, 1])
    model = TableClassifier(classifier, {}, 256)
    report = model.fit(np.ones((4, 5), np.float32), labels, 2, 0)
    assert report.train_accuracy == 0.75 and 'nothing in its features varies' in report.how
    np.testing.assert_allclose(np.exp(model.log_posterior(np.ones((2, 5)))), [[0.75, 0.25]] * 2)
    assert np.linalg.norm(model.embedding(np.ones((2, 5))), axis=1).all()


def test_an_optimizer_that_was_stopped_has_not_converged():
    x, labels = table(apart=0.3)
    report = TableClassifier('logistic', dict(max_iter=2), 256).fit(x, labels, 3, 0)
    assert not report.converged and report.how == 'optimizer stopped after 2 steps'


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"classifier must be one of .*found 'svm'"):
        Kinematics(classifier='svm')
