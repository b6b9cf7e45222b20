# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""``.skeleton`` files of NTU RGB+D, as text of Kinect v2."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from mmskanon.datasets.converters.ntu import BodyRules, parse_skeleton, skeleton_to_keypoint
from mmskanon.datasets.converters.ntu.names import (
    LIMITS,
    NTU60_SETUPS,
    NTU60_SUBJECTS,
    is_ntu120,
    sample_facts,
)
from mmskanon.datasets.converters.ntu.sample import MAX_BYTES

from .base import Recording, RecordingFormat, check_frames, lower_suffix, presence

_RULES = BodyRules(keep_empty=True)
# Depth and colour pixels and the quaternion, then the state of a joint that is tracked.
_REST_OF_JOINT = b' 0 0 0 0 0 0 0 0 2'
# Clipped edges, confidence and state of the hands, restriction and lean, then the state of a body that is tracked.
_REST_OF_BODY = b' 0 0 0 0 0 0 0 0 2'


class NTUFormat(RecordingFormat):
    """NTU RGB+D 60 and 120.

    A written file is made of the new joints alone; nothing of the original gets into it.

    =========================================== ==================================================================
    x, y, z                                     anonymized, the shortest decimals that give the same float32
    depth and colour pixels, orientations       0, as Kinect writes the orientation of end joints
    state of a joint, of a body                 2 (tracked); which joints Kinect inferred is not told
    body ID                                     number of the person, 1 or 2
    clipped edges, hands, restriction, lean     0
    bodies that are no persons                  dropped: they were not anonymized
    frames in which nobody is seen              stay, with 0 bodies
    =========================================== ==================================================================
    """

    name = 'ntu'
    suffix = '.skeleton'
    layout = 'nturgb+d'
    max_bytes = MAX_BYTES
    fields = {f: LIMITS[f] for f in ('replication', 'camera', 'subject', 'setup')}

    def numbers(self, filename: str) -> dict[str, int] | None:
        """See the base class."""
        try:
            name = lower_suffix(filename, self.suffix).removesuffix(self.suffix)
            return sample_facts(name, filename)
        except ValueError:
            return None

    def compose(self, numbers: Mapping[str, int]) -> str:
        """See the base class."""
        return 'S{setup:03d}C{camera:03d}P{subject:03d}R{replication:03d}A{action:03d}'.format(
            **numbers
        )

    def limits(self, samples: Collection[Mapping[str, int]]) -> Mapping[str, int]:
        """Those of NTU RGB+D 60, unless something is of NTU RGB+D 120."""
        if is_ntu120(samples) or any(s['subject'] > NTU60_SUBJECTS for s in samples):
            return self.fields
        return {**self.fields, 'subject': NTU60_SUBJECTS, 'setup': NTU60_SETUPS}

    def traces(self, recording: Recording) -> dict[str, str]:
        """The IDs of the bodies, the sensor's own numbers, which link a recording with others and with its original."""
        return {str(body_id): 'a body ID of the original' for body_id in recording.source}

    def _decode(self, content: bytes, where: str) -> Recording:
        records = parse_skeleton(content, where)
        check_frames(records.num_frames, where)
        selection = skeleton_to_keypoint(records, _RULES)
        return Recording(selection.keypoint, tuple(sorted(set(records.body_ids))))

    def _encode(self, recording: Recording, keypoint: np.ndarray) -> bytes:
        lines = [b'%d' % keypoint.shape[1]]
        for frame, seen in zip(keypoint.swapaxes(0, 1), presence(keypoint).T, strict=True):
            lines.append(b'%d' % seen.sum())
            for person in np.flatnonzero(seen).tolist():
                lines.append(b'%d%s' % (person + 1, _REST_OF_BODY))
                lines.append(b'%d' % keypoint.shape[2])
                # NumPy writes the shortest decimals that read as the same number.
                for x, y, z in frame[person].astype('S').tolist():
                    lines.append(b'%s %s %s%s' % (x, y, z, _REST_OF_JOINT))
        return b'\r\n'.join([*lines, b''])
