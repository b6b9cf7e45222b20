# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""k-same motion in which a code of few values is all that is told of the timing."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mmskanon.registry import MODELS
from mmskanon.skeletons.dtw import frames_at
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.motion_average import timing_features
from mmskanon.skeletons.typical import medoid

from .k_same import ALIGNED_FRAMES, KSameAnonymizer


@MODELS.register_module()
class TimingCodeAnonymizer(KSameAnonymizer):
    """k-same motion whose output knows of the clip its class, its length, and one of ``codes`` timings.

    :class:`KSameAnonymizer` follows the timing of the clip exactly, and timing tells people apart. Here the clip is aligned to the
    typical clip of its class; the alignment is replaced by the nearest of ``codes`` alignments that stand for those of the gallery
    (k-means), with a chance by another one (randomized response); and donors are read along that one.

    **What is guaranteed.** Let S be the person, and let a clip be given by class c, frames T (with absent persons and joints) and code b. The
    output is made from (c, T, b) and chance alone. So whatever an attacker computes from it, learned from whatever data, the
    probability of naming S is at most ``leakage`` times that of the best guess from c and T alone, where

        leakage = codes * keep + (1 - keep),  keep = (e^epsilon - 1) / (e^epsilon + codes - 1)

    and ``leakage = codes`` without randomized response: the multiplicative Bayes capacity of the channel from timing to code (Smith, "On the
    Foundations of Quantitative Information Flow", FOSSACS 2009; k-ary randomized response: Kairouz, Bonawitz, Ramage, "Discrete
    Distribution Estimation under Local Privacy", ICML 2016, which is also epsilon-locally differentially private in the timing). It holds for one
    clip; of n clips of a person, at most the n-th power. **What is not:** class and length are outside of it, and where the recognizer is wrong in a
    manner of that person, or the length is, they tell. It needs ``keep_orientation=False``, and donors must not depend on the person, so it
    holds for clips of whose performance the gallery has nothing and without ``exclude_own_subject``. With ``seed`` who knows the seed can undo the chance.

    Args:
        codes (int): Number of timings told apart, at least 1. Defaults to 8.
        epsilon (float, optional): Parameter of randomized response, positive; smaller is more private. Defaults to None, without.
        keep_orientation (bool): See :class:`KSameAnonymizer`. Defaults to False.
        **kwargs: See :class:`KSameAnonymizer`; ``warp_noise`` is not used.

    Attributes:
        leakage (float): The bound above, at least 1.

    Raises:
        ValueError: See :class:`KSameAnonymizer`; also if ``codes`` or ``epsilon`` makes no sense, or the gallery has fewer different timings
            than ``codes``.
    """

    def __init__(
        self,
        recognizer: Mapping,
        codes: int = 8,
        epsilon: float | None = None,
        keep_orientation: bool = False,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        **kwargs,
    ) -> None:
        super().__init__(
            recognizer,
            keep_orientation=keep_orientation,
            layout=layout,
            num_person=num_person,
            **kwargs,
        )
        name = type(self).__name__
        if self.unknown_share:
            raise ValueError(
                f'{name}: unknown_share is {self.unknown_share}, but donors that are chosen by how the clip moves are outside of the bound: leave it 0, '
                'or take KSameAnonymizer'
            )
        if type(codes) is not int or codes < 1:
            raise ValueError(f'{name}: codes must be an integer of at least 1, found {codes!r}')
        if epsilon is not None and not (math.isfinite(epsilon) and epsilon > 0):
            raise ValueError(
                f'{name}: epsilon must be a finite number > 0, found {epsilon}; leave it out for no randomized response'
            )
        self.codes, self.epsilon = codes, epsilon
        self._typical, timings = self._measure()
        if len(np.unique(timings.round(3), axis=0)) < codes:
            raise ValueError(
                f'{name}: codes={codes}, but the {len(timings)} clips of the gallery have fewer different timings: lower codes, or choose more clips'
            )
        from sklearn.cluster import (
            KMeans,  # takes seconds to load, and no other anonymizer needs it
        )

        fitted = KMeans(codes, n_init=4, random_state=0).fit(timings)
        book = torch.as_tensor(fitted.cluster_centers_, dtype=torch.float32)
        # Like the gallery no part of the state dict. Means of paths that never run backwards never do so themselves.
        self.register_buffer('codebook', book, persistent=False)

    @property
    def keep(self) -> float:
        """float: Chance that the code is the clip's own rather than a drawn one."""
        if self.epsilon is None:
            return 1.0
        return math.expm1(self.epsilon) / (math.expm1(self.epsilon) + self.codes)

    @property
    def leakage(self) -> float:
        """float: By what factor a best guess can become better through the code."""
        return self.codes * self.keep + 1 - self.keep

    @torch.no_grad()
    def _measure(self) -> tuple[dict[int, int], np.ndarray]:
        """The typical clip of each class, and the timing (64,) of every clip against that of its class, shape (K, 64)."""
        labels = self.labels.tolist()
        everyone = torch.ones(self.num_person, dtype=torch.bool, device=self.rest.device)
        typical, timings = {}, []
        for label in sorted(set(labels)):
            members = [i for i, x in enumerate(labels) if x == label]
            features = torch.stack([self._features(i, everyone) for i in members])
            center = medoid(features.flatten(1).double().cpu().numpy())
            typical[label] = members[center]
            against = features[center].expand(len(members), -1, -1)
            timings.append(self._align(features, against).cpu().numpy())
        return typical, np.concatenate(timings)

    def _timing(
        self,
        own: Tensor,
        shown: Tensor,
        donors: Sequence[int],
        generator: torch.Generator | None,
        subject: Hashable | None,
    ) -> list[Tensor]:
        """As that of :class:`KSameAnonymizer`, by way of the typical clip of the class and the nearest code."""
        label = int(self.labels[donors[0]])
        typical = self._features(self._typical[label], shown)
        source = timing_features(own, self.rest, ALIGNED_FRAMES)
        timing = self.codebook[self._code(self._align(source[None], typical[None])[0], generator)]
        clips = torch.stack([self._features(donor, shown) for donor in donors])
        paths = self._align(typical.expand(len(donors), -1, -1), clips)
        at = torch.linspace(0, ALIGNED_FRAMES - 1, len(own)).to(self.rest)
        time = frames_at(timing, at)
        return [self._frames(path, donor, time) for path, donor in zip(paths, donors, strict=True)]

    def _code(self, timing: Tensor, generator: torch.Generator | None) -> int:
        """The number of the timing told, for one of shape (64,)."""
        # Both are drawn always, so that the chance spent does not depend on the outcome.
        kept = torch.rand((), generator=generator).item() < self.keep
        drawn = int(torch.randint(self.codes, (), generator=generator))
        nearest = int((self.codebook - timing).square().sum(1).argmin())
        return nearest if kept else drawn

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f'{super().extra_repr()}, codes={self.codes}, epsilon={self.epsilon}, leakage={self.leakage:.3g}'
