# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""MATLAB files of UTD-MHAD."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmskanon.datasets.converters.matlab import matlab_file
from mmskanon.datasets.converters.utd_mhad import UTD_MHAD_KEY, UTD_MHAD_LAYOUT, read_keypoint
from mmskanon.datasets.converters.utd_mhad_files import (
    MAX_BYTES,
    OTHER_SENSOR,
    UTD_MHAD_SUBJECTS,
    UTD_MHAD_TRIALS,
    parse_name,
)

from .base import Recording, RecordingFormat, base_name, check_frames, lower_suffix


class UTDMHADFormat(RecordingFormat):
    """UTD-MHAD.

    A written file is made of the new joints alone: one variable, ``d_skel``, double of shape (20, 3, T), not compressed. Other variables
    of the original and the text of its header, which tells date and platform, are dropped.
    """

    name = 'utd_mhad'
    suffix = '.mat'
    layout = UTD_MHAD_LAYOUT
    max_bytes = MAX_BYTES
    fields = dict(trial=UTD_MHAD_TRIALS, subject=UTD_MHAD_SUBJECTS)

    def matches(self, filename: str) -> bool:
        """Whether a file ends in ``.mat`` and is not of another sensor of the data set, such as ``a1_s1_t1_depth.mat``."""
        return super().matches(filename) and not OTHER_SENSOR.fullmatch(base_name(filename))

    def numbers(self, filename: str) -> dict[str, int] | None:
        """See the base class."""
        try:
            found = parse_name(lower_suffix(filename, self.suffix), filename)
        except ValueError:
            return None
        return dict(zip(('action', 'subject', 'trial'), found, strict=True))

    def compose(self, numbers: Mapping[str, int]) -> str:
        """See the base class."""
        return 'a{action}_s{subject}_t{trial}'.format(**numbers)

    def file_name(self, numbers: Mapping[str, int]) -> str:
        """See the base class."""
        return f'{self.compose(numbers)}_skeleton{self.suffix}'

    def _decode(self, content: bytes, where: str) -> Recording:
        keypoint = read_keypoint(content, where)
        check_frames(keypoint.shape[1], where)
        return Recording(keypoint)

    def _encode(self, recording: Recording, keypoint: np.ndarray) -> bytes:
        return matlab_file(UTD_MHAD_KEY, keypoint[0].transpose(1, 2, 0))
