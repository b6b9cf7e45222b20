# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How much of the recordings is left, besides the action."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmskanon.evaluation.functional import (
    batch_fidelity_sums,
)

from .clips import ClipStore
from .inputs import Recording
