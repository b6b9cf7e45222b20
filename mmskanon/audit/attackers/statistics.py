# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What attackers on tables of features share: standardizing, linear discriminants and the classifiers of scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from mmskanon.audit.clips import View

from .base import Attacker, FitReport, Scores

CLASSIFIERS = ('lda', 'logistic', 'boosting')
_TINY = 1e-30


class Standardizer:
    """Brings features to mean 0 and deviation 1, leaves out those that do not vary, and joins them to fewer where they are many.

    Args:
        components (int): Principal components kept where there are more features.
    """

    def __init__(self, components: int = 256) -> None:
        self.components = components

    def fit(self, table: np.ndarray, seed: int) -> np.ndarray:
        """Learn from a table (n, D) and return it transformed, shape (n, D')."""
        self.mean = table.mean(axis=0, dtype=np.float64).astype(np.float32)
        std = table.std(axis=0, dtype=np.float64).astype(np.float32)
        # What only rounding of single precision moves is constant.
        self.varies = std > 1e-5 * np.abs(self.mean) + 1e-6
        self.std = std[self.varies]
        self.pca = None
        scaled = self._scale(table)
        limit = min(self.components, len(table) - 1)
        if scaled.shape[1] > max(limit, 1):
            some = np.random.default_rng(seed).permutation(len(table))[:8000]
            self.pca = PCA(max(limit, 1), random_state=seed).fit(scaled[np.sort(some)])
            # Directions in which training clips do not differ would count infinitely where others do.
            variance = self.pca.explained_variance_
            self.rank = max(int((variance > 1e-5 * variance[0]).sum()), 1)
        return self._join(scaled)

    def transform(self, table: np.ndarray) -> np.ndarray:
        """Transform a table (n, D), shape (n, D')."""
        return self._join(self._scale(table))

    def _scale(self, table: np.ndarray) -> np.ndarray:
        # Clipped, so that one broken clip cannot reach beyond what training has seen by much.
        return np.clip((table - self.mean)[:, self.varies] / self.std, -10, 10)

    def _join(self, scaled: np.ndarray) -> np.ndarray:
        if self.pca is None:
            return scaled
        return self.pca.transform(scaled)[:, : self.rank].astype(np.float32)


class TableClassifier:
    """A classifier of scikit-learn on a table, with linear discriminants as the embedding.

    Args:
        classifier (str): ``'lda'`` (linear discriminant analysis, shrunk after Ledoit and Wolf), ``'logistic'`` (logistic
            regression) or ``'boosting'`` (gradient boosted trees on histograms).
        options (dict): Arguments of that class of scikit-learn beside those set here.
        components (int): Principal components kept where there are more features. Trees see the features themselves.
    """

    def __init__(self, classifier: str, options: dict[str, Any], components: int) -> None:
        if classifier not in CLASSIFIERS:
            raise ValueError(f'classifier must be one of {CLASSIFIERS}, found {classifier!r}')
        self.classifier, self.options, self.components = classifier, options, components

    def fit(self, table: np.ndarray, labels: np.ndarray, num_classes: int, seed: int) -> FitReport:
        """Learn from a table (n, D) and labels (n,) of ``num_classes`` classes."""
        self.num_classes = num_classes
        self.standardizer = Standardizer(self.components)
        x = self.standardizer.fit(table, seed)
        counts = np.bincount(labels, minlength=num_classes)
        self.prior = np.log(np.maximum(counts / counts.sum(), _TINY))
        self.model = self.discriminants = None
        how = 'fitted in closed form'
        converged = True
        if x.shape[1] == 0 or (counts > 0).sum() < 2:
            how = 'nothing in its features varies, so it answers with the frequencies'
        else:
            self.discriminants = LinearDiscriminantAnalysis(solver='eigen', shrinkage='auto')
            self.discriminants.fit(x.astype(np.float64), labels)
            converged, how = self._fit_model(x, table, labels, seed)
        accuracy = float((self.log_posterior(table).argmax(axis=1) == labels).mean())
        return FitReport(accuracy, converged, how)

    def _fit_model(
        self, x: np.ndarray, table: np.ndarray, labels: np.ndarray, seed: int
    ) -> tuple[bool, str]:
        if self.classifier == 'lda':
            self.model = self.discriminants
            return True, 'fitted in closed form'
        if self.classifier == 'boosting':
            options = dict(
                max_iter=60, learning_rate=0.15, max_leaf_nodes=8, min_samples_leaf=8,
                l2_regularization=1.0, max_features=0.3, early_stopping=False,
            )  # fmt: skip
            self.model = HistGradientBoostingClassifier(
                **{**options, **self.options}, random_state=seed
            ).fit(table, labels)
            return True, f'{self.model.n_iter_} rounds of trees grown'
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', ConvergenceWarning)  # reported instead
            self.model = LogisticRegression(**{**dict(C=1.0, max_iter=500), **self.options})
            self.model.fit(x, labels)
        steps = int(np.max(self.model.n_iter_))
        done = steps < self.model.max_iter
        return done, f'optimizer {"converged" if done else "stopped"} after {steps} steps'

    def log_posterior(self, table: np.ndarray) -> np.ndarray:
        """Log-probabilities of the classes of a table (n, D), shape (n, K), float32."""
        if self.model is None:
            return np.tile(self.prior, (len(table), 1)).astype(np.float32)
        x = table if self.classifier == 'boosting' else self.standardizer.transform(table)
        out = np.full((len(table), self.num_classes), np.log(_TINY), np.float32)
        out[:, self.model.classes_] = np.log(np.maximum(self.model.predict_proba(x), _TINY))
        return out

    def embedding(self, table: np.ndarray) -> np.ndarray:
        """Discriminants within whose space the classes' spread is a sphere, of a table (n, D), shape (n, E), float32."""
        if self.discriminants is None:
            return np.ones((len(table), 1), np.float32)
        x = self.standardizer.transform(table).astype(np.float64)
        width = max(len(self.discriminants.classes_) - 1, 1)
        centre = self.discriminants.priors_ @ self.discriminants.means_
        scaled = (x - centre) @ self.discriminants.scalings_[:, :width]
        return scaled.astype(np.float32)


class StatisticsAttacker(Attacker):
    """An attacker on a table of features, one row for each clip.

    Args:
        classifier (str): Name of a classifier, see :class:`TableClassifier`. Defaults to ``'lda'``.
        options (dict, optional): Further arguments of the classifier in scikit-learn. Defaults to None.
        components (int): Principal components kept where there are more features. Defaults to 256.
        device (str): Not used. Defaults to ``'cpu'``.
    """

    def __init__(
        self,
        classifier: str = 'lda',
        options: dict[str, Any] | None = None,
        components: int = 256,
        device: str = 'cpu',
    ) -> None:
        super().__init__(device)
        self.table = TableClassifier(classifier, options or {}, components)

    def features(self, view: View) -> np.ndarray:
        """The table of clips, shape (n, D)."""
        raise NotImplementedError

    def fit(
        self,
        view: View,
        labels: np.ndarray,
        num_classes: int,
        seed: int,
        start: dict[str, torch.Tensor] | None = None,
    ) -> FitReport:
        """Learn from clips; see :meth:`Attacker.fit`."""
        return self.table.fit(self.features(view), labels, num_classes, seed)

    def score(self, view: View) -> Scores:
        """Judge clips; see :meth:`Attacker.score`."""
        table = self.features(view)
        return Scores(self.table.log_posterior(table), self.table.embedding(table))
