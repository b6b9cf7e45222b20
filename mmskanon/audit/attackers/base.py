# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What an attacker is: something that learns a private attribute from clips and then judges clips it has never seen.

Adding one is one file in this folder: a subclass, registered, named in ``configs/audit``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
import torch

from mmskanon.audit.clips import View


@dataclass
class FitReport:
    """How the training of an attacker ended.

    Args:
        train_accuracy (float): Accuracy on its training clips, as it judges unseen ones (no dropout, no augmentation), in [0, 1].
        converged (bool): Whether it was trained to the end: to the accuracy asked for or to a plateau over seeds and rates.
        how (str): In words, which of them.
        epochs (int): Passes over the training clips, 0 where there are none to count.
        tries (list[dict]): What was tried: seed, rate, epochs and training accuracy of each try.
    """

    train_accuracy: float
    converged: bool = True
    how: str = 'fitted in closed form'
    epochs: int = 0
    tries: list[dict] = field(default_factory=list)


@dataclass
class Scores:
    """An attacker's judgement of n clips.

    Args:
        log_posterior (np.ndarray): Logarithms of the probabilities of the K classes, natural, shape (n, K), float32.
        embedding (np.ndarray): Vectors in which clips of one person lie close by cosine, also of people that training never
            saw, shape (n, D), float32.
    """

    log_posterior: np.ndarray
    embedding: np.ndarray


class Attacker(ABC):
    """Base of the attackers.

    Args:
        device (str): Where networks run. Defaults to ``'cpu'``.

    Attributes:
        family (str): What kind of attacker it is, in the report's words.
        counts (bool): Whether it may be the strongest of a tier. False for those that read no skeleton (the action label alone,
            the place before the camera): they are reported apart.
        adapts (bool): Whether :meth:`fit` can start from the weights of an earlier fit.
    """

    family: str = ''
    counts: bool = True
    adapts: bool = False

    def __init__(self, device: str = 'cpu') -> None:
        self.device = device

    @abstractmethod
    def fit(
        self,
        view: View,
        labels: np.ndarray,
        num_classes: int,
        seed: int,
        start: dict[str, torch.Tensor] | None = None,
    ) -> FitReport:
        """Learn from clips.

        The same clips, labels and seed give the same attacker.

        Args:
            view (View): The n clips.
            labels (np.ndarray): Class of each, shape (n,).
            num_classes (int): Number of classes K.
            seed (int): Seed of all that is random.
            start (dict, optional): What :meth:`state` of an attacker of the same kind returned: fine-tune it. Only where
                :attr:`adapts`. Defaults to None.

        Returns:
            FitReport: How it went.
        """

    @abstractmethod
    def score(self, view: View) -> Scores:
        """Judge clips; each clip's scores depend on that clip alone.

        Args:
            view (View): The n clips.

        Returns:
            Scores: The judgement.
        """

    def state(self) -> dict[str, torch.Tensor] | None:
        """What has been learned, as tensors; None where fitting anew costs less than keeping it."""
        return None

    def load(self, state: dict[str, torch.Tensor], num_classes: int, view: View) -> None:
        """Take what :meth:`state` returned, instead of fitting.

        Args:
            state (dict): The tensors.
            num_classes (int): Number of classes K.
            view (View): Any clips of the kind it was fitted on, for their shape.
        """
        raise NotImplementedError(f'{type(self).__name__} keeps no state')
