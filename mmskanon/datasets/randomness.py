# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Random states of the process that follow from given numbers alone, for as long as a sample is prepared."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

# Drawn from while a sample is prepared. Changing the generator is far cheaper than saving and restoring its state.
_generator = np.random.MT19937(0)


@contextmanager
def seeded(*entropy: int) -> Iterator[None]:
    """Draw from random states that follow from ``entropy`` alone; those found before are put back afterwards.

    Args:
        *entropy (int): Numbers, not negative.
    """
    words = np.random.SeedSequence(entropy).generate_state(8)
    found = random.getstate(), np.random.get_bit_generator(), torch.get_rng_state()
    try:
        random.seed(int(words[0]) << 32 | int(words[1]))
        np.random.set_bit_generator(_generator)
        np.random.seed(words[2:6])
        # Of the CPU generator only: torch.manual_seed would reach for the accelerators, which a worker must not touch.
        torch.default_generator.manual_seed(int(words[6]) << 32 | int(words[7]))
        yield
    finally:
        random.setstate(found[0])
        np.random.set_bit_generator(found[1])
        torch.set_rng_state(found[2])
