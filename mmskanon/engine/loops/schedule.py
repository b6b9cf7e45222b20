# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Which party learns at which iteration, as a pure function of the iteration."""

from collections.abc import Mapping, Sequence


class PhaseSchedule:
    """A warm-up followed by a repeated cycle of phases.

    Nothing is stored between iterations, so resuming needs no state.

    Args:
        cycle (Sequence[tuple[str, int]]): Phases in order with their number of optimizer updates, for example
            ``[('adversary', 1), ('anonymizer', 2)]``.
        warmup (Sequence[tuple[str, int]]): Phases that run once before the first cycle. Defaults to ().
        accumulation (Mapping[str, int], optional): Iterations (batches) per optimizer update of a phase, where not 1.
            Defaults to None.

    Raises:
        ValueError: If the cycle is empty, or an entry is not a pair of a name and a positive number.

    Examples:
        >>> schedule = PhaseSchedule([('adversary', 1), ('anonymizer', 2)])
        >>> [schedule.phase(i)[:3] for i in range(5)]
        ['adv', 'ano', 'ano', 'adv', 'ano']
        >>> schedule.count('anonymizer', 5)
        3
    """

    def __init__(
        self,
        cycle: Sequence[tuple[str, int]],
        warmup: Sequence[tuple[str, int]] = (),
        accumulation: Mapping[str, int] | None = None,
    ) -> None:
        if not cycle:
            raise ValueError(
                "cycle is empty; give for example cycle=[('adversary', 1), ('anonymizer', 1)]."
            )
        accumulation = accumulation or {}
        self._warmup = self._expand('warmup', warmup, accumulation)
        self._cycle = self._expand('cycle', cycle, accumulation)

    @staticmethod
    def _expand(key: str, entries: Sequence, accumulation: Mapping[str, int]) -> list[str]:
        phases: list[str] = []
        for entry in entries:
            valid = isinstance(entry, Sequence) and not isinstance(entry, str) and len(entry) == 2
            valid = (
                valid and isinstance(entry[0], str) and isinstance(entry[1], int) and entry[1] > 0
            )
            if not valid:
                raise ValueError(
                    f"{key} must hold pairs such as ('adversary', 1) with a positive number, found {entry!r}."
                )
            name, updates = entry
            phases += [name] * (updates * accumulation.get(name, 1))
        return phases

    @property
    def warmup(self) -> int:
        """int: Iterations of the warm-up."""
        return len(self._warmup)

    @property
    def phases(self) -> set[str]:
        """set[str]: Names of all phases that ever run."""
        return set(self._warmup) | set(self._cycle)

    def phase(self, iteration: int) -> str:
        """Name of the phase at an iteration (0-based)."""
        if iteration < len(self._warmup):
            return self._warmup[iteration]
        return self._cycle[(iteration - len(self._warmup)) % len(self._cycle)]

    def count(self, phase: str, iteration: int) -> int:
        """How many of the iterations before this one belonged to a phase."""
        warm = self._warmup[:iteration].count(phase)
        rounds, rest = divmod(max(0, iteration - len(self._warmup)), len(self._cycle))
        return warm + rounds * self._cycle.count(phase) + self._cycle[:rest].count(phase)
