# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Random choice of donors: one clip each of different people who show one action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

import torch


class DonorIndex:
    """Who shows which action in which clips.

    Args:
        labels (Sequence[int]): Action class of each clip.
        subjects (Sequence[int]): Person of each clip.
        most (int, optional): Most clips of an action that are kept, the first of each person, the second of each, and so on. Defaults to
            None, all.
    """

    def __init__(
        self, labels: Sequence[int], subjects: Sequence[int], most: int | None = None
    ) -> None:
        self._clips: dict[int, dict[int, list[int]]] = {}
        for clip, (label, subject) in enumerate(zip(labels, subjects, strict=True)):
            self._clips.setdefault(label, {}).setdefault(subject, []).append(clip)
        if most is not None:
            self._clips = {label: _spread(trials, most) for label, trials in self._clips.items()}

    def people(self, label: int) -> int:
        """Count the people who show an action.

        Args:
            label (int): Action class.

        Returns:
            int: Number of people, 0 for a class that is not there.
        """
        return len(self._clips.get(label, {}))

    def clips(self, label: int) -> list[int]:
        """All clips that show an action, a clip of each person, then another of each, and so on.

        Args:
            label (int): Action class.

        Returns:
            list[int]: The clips, none for a class that is not there.
        """
        return _in_turns(self._clips.get(label, {}))

    def most_people(self) -> int:
        """int: Number of people of the class that most show."""
        return max(map(len, self._clips.values()))

    def draw(
        self,
        label: int,
        k: int,
        refuse: Callable[[int], bool],
        generator: torch.Generator | None = None,
        without: int | None = None,
    ) -> list[int] | None:
        """Draw k people with equal chances, and one clip of each with equal chances.

        Args:
            label (int): Action class.
            k (int): Number of donors.
            refuse (Callable[[int], bool]): Whether a clip must not be taken. It is asked only about clips that are drawn; a
                person whose clips are all refused is replaced by another one.
            generator (torch.Generator, optional): Source of chance. Defaults to None, PyTorch's own.
            without (int, optional): A person who must not be drawn. Defaults to None.

        Returns:
            list[int], optional: k clips of k different people; None if so many cannot be found.
        """
        trials = self._clips.get(label, {})
        people = [person for person in trials if person != without]
        donors: list[int] = []
        for person in _shuffled(people, generator) if len(people) >= k else ():
            clip = next((c for c in _shuffled(trials[person], generator) if not refuse(c)), None)
            if clip is not None:
                donors.append(clip)
            if len(donors) == k:
                return donors
        return None


def _in_turns(trials: dict[int, list[int]]) -> list[int]:
    rounds = zip_longest(*trials.values())
    return [clip for turn in rounds for clip in turn if clip is not None]


def _spread(trials: dict[int, list[int]], most: int) -> dict[int, list[int]]:
    """The first ``most`` clips of people in turns."""
    kept = set(_in_turns(trials)[:most])
    chosen = {person: [c for c in clips if c in kept] for person, clips in trials.items()}
    return {person: clips for person, clips in chosen.items() if clips}


def _shuffled(items: Sequence[int], generator: torch.Generator | None) -> list[int]:
    return [items[i] for i in torch.randperm(len(items), generator=generator).tolist()]
