# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Who takes which of the places that an anonymizer has for persons."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

_NOBODY = ()


class PersonSlots:
    """Places for a fixed number of persons, kept by those who come first.

    A person keeps their slot while away. A newcomer takes the lowest slot that nobody has had; if there is none, that of the person who has been
    away longest.

    Args:
        num_person (int): Number of slots.

    Attributes:
        owners (tuple[Hashable, ...]): Whose each slot is; the empty tuple where nobody has had it.
    """

    def __init__(self, num_person: int) -> None:
        self.owners: tuple[Hashable, ...] = (_NOBODY,) * num_person
        self._last = [-1] * num_person
        self._frame = 0

    def place(self, ids: Sequence[Hashable], there: np.ndarray) -> list[int | None]:
        """Find the slots of the persons of the next frame.

        Args:
            ids (Sequence[Hashable]): Who they are, all different.
            there (np.ndarray): Boolean mask of the same length, whether they are to be seen.

        Returns:
            list[int | None]: The slot of each; None for those who are not there.

        Raises:
            ValueError: If more are there than there are slots; nothing changes then.
        """
        if there.sum() > len(self.owners):
            raise ValueError(
                f'the frame shows {there.sum()} persons, the anonymizer was trained for {len(self.owners)}; train it with num_person at least that '
                'large, or leave the surplus persons out.'
            )
        owners = list(self.owners)
        slots: list[int | None] = [
            owners.index(i) if seen and i in owners else None
            for i, seen in zip(ids, there, strict=True)
        ]
        for row in np.flatnonzero(there):
            if slots[row] is None:
                free = (s for s in range(len(owners)) if s not in slots)
                slots[row] = min(free, key=lambda s: self._last[s])
                owners[slots[row]] = ids[row]
        for slot in slots:
            if slot is not None:
                self._last[slot] = self._frame
        self._frame += 1
        self.owners = tuple(owners)
        return slots
