# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""From what attackers say of single clips to answers: who is it, and do two clips show the same person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, logsumexp

from .attackers import Scores
from .tasks import Fold, Task
from .trials import Trials

# A cosine becomes a logarithm of odds by this factor; ranks do not depend on it.
_SHARPNESS = 10.0


@dataclass(frozen=True)
class Answers:
    """What one attacker answers in one tier.

    Args:
        log_posterior (np.ndarray): Of each clip tried, in the order of ``task.test``, the logarithms of the probabilities of the K
            classes, shape (n, K).
        pairs (dict[str, np.ndarray]): For each trial list the score of each pair, higher for the same person, shape (P,).
    """

    log_posterior: np.ndarray
    pairs: dict[str, np.ndarray]


def target_of(fold: Fold) -> np.ndarray:
    """Positions of the clips that attackers have to judge in a fold: those tried and those enrolled, ascending."""
    return np.union1d(fold.test, fold.enrolment)


def answer(
    task: Task,
    enrolled: Sequence[Sequence[Scores]],
    tried: Sequence[Sequence[Scores]],
    trials: Mapping[str, Trials],
    occasions: np.ndarray,
    by_template: bool,
) -> Answers:
    """Turn the judgement of clips into answers; several seeds of an attacker are one attacker who averages them.

    Identification is by the class probabilities of the clip tried, or, with ``by_template``, by the cosine between its embedding and
    the mean embedding of each person's enrolment clips of other occasions. A pair scores the probability that both clips are of the
    same class, ``log sum_k p_k(a) p_k(b)``; with ``by_template`` and for people that training never saw, the cosine of the
    embeddings, less their mean over the enrolment clips.

    Args:
        task (Task): The task.
        enrolled (Sequence): For each seed and fold the scores of the clips :func:`target_of` in the enrolment file.
        tried (Sequence): The same in the trial file.
        trials (Mapping[str, Trials]): Trial lists, whose clips are enrolled and tried in the same fold.
        occasions (np.ndarray): For each clip of the data set a number that it shares with the clips of its action and repetition, shape (N,).
        by_template (bool): Whether people are known by their enrolment clips alone.

    Returns:
        Answers: The answers.
    """
    rows = _places(task.test, len(occasions))
    posteriors, scores = [], {name: [] for name in trials}
    for enrol_folds, trial_folds in zip(enrolled, tried, strict=True):
        log_posterior = np.empty((len(task.test), task.num_classes))
        found = {name: np.full(len(t), np.nan) for name, t in trials.items()}
        for fold, enrol, trial in zip(task.folds, enrol_folds, trial_folds, strict=True):
            place = _places(target_of(fold), len(occasions))
            templates, at = place[fold.enrolment], place[fold.test]
            a, b = _directions(enrol, trial, templates)
            if by_template:
                log_posterior[rows[fold.test]] = _by_template(
                    a[templates],
                    task.labels[fold.enrolment],
                    occasions[fold.enrolment],
                    b[at],
                    occasions[fold.test],
                    task.num_classes,
                )
            else:
                log_posterior[rows[fold.test]] = trial.log_posterior[at]
            for name, listed in trials.items():
                where = place[listed.pairs]
                here = (where >= 0).all(axis=1)
                left, right = where[here].T
                if by_template or task.kind == 'open':
                    value = (a[left] * b[right]).sum(axis=1)
                else:
                    value = logsumexp(
                        enrol.log_posterior[left] + trial.log_posterior[right], axis=1
                    )
                found[name][here] = _comparable(value) if len(task.folds) > 1 else value
        posteriors.append(log_posterior)
        for name, value in found.items():
            scores[name].append(value)
    mean = logsumexp(posteriors, axis=0) - np.log(len(posteriors))
    return Answers(mean, {name: np.mean(values, axis=0) for name, values in scores.items()})


def _places(positions: np.ndarray, size: int) -> np.ndarray:
    """For each clip of the data set its place in a list of positions, -1 where it is not in it."""
    places = np.full(size, -1)
    places[positions] = np.arange(len(positions))
    return places


def _directions(
    enrol: Scores, trial: Scores, templates: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of both files about the mean of each file's enrolment clips, at length 1."""
    out = []
    for scores in (enrol, trial):
        centred = scores.embedding.astype(np.float64) - scores.embedding[templates].mean(axis=0)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        out.append(centred / np.maximum(length, 1e-12))
    return out[0], out[1]


def _by_template(
    enrol: np.ndarray,
    persons: np.ndarray,
    enrol_occasions: np.ndarray,
    tried: np.ndarray,
    tried_occasions: np.ndarray,
    num_classes: int,
) -> np.ndarray:
    """Log-probabilities (n, K) of clips by cosine with each person's template, made without clips of the same action and repetition.

    Were only the take tried left out, the right person's template would be the one without the action at hand, and whoever reads actions
    would name the right person less often than by guessing.
    """
    sums = np.zeros((num_classes, enrol.shape[1]))
    np.add.at(sums, persons, enrol)
    cosine = np.empty((len(tried), num_classes))
    for occasion in np.unique(tried_occasions):
        rest, same = sums.copy(), enrol_occasions == occasion
        np.subtract.at(rest, persons[same], enrol[same])
        asked = tried_occasions == occasion
        cosine[asked] = _cosine(tried[asked], rest)
    return log_softmax(_SHARPNESS * cosine, axis=1)


def _cosine(a: np.ndarray, templates: np.ndarray) -> np.ndarray:
    """Cosines of unit vectors (n, D) with templates (K, D); 0 with a template of nobody."""
    length = np.linalg.norm(templates, axis=1)
    return a @ (templates / np.maximum(length, 1e-12)[:, None]).T


def _comparable(values: np.ndarray) -> np.ndarray:
    """Scores of one fold on a scale that the other folds share: mean 0 and deviation 1 over its pairs, but for those at -inf."""
    usual = values[np.isfinite(values)]
    return (values - usual.mean()) / max(usual.std(), 1e-12) if len(usual) else values
