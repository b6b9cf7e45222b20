# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""CSV files of ETRI-Activity3D."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmskanon.datasets.converters.etri.csv_file import BODY, FARTHEST, FRAME, NUM_JOINTS, parse_csv
from mmskanon.datasets.converters.etri.recordings import (
    ETRI_CAMERAS,
    ETRI_SUBJECTS,
    ETRI_TRIALS,
    MAX_BYTES,
    parse_name,
)
from mmskanon.datasets.converters.ntu import BodyRecords, BodyRules, skeleton_to_keypoint

from .base import Recording, RecordingFormat, base_name, check_frames, presence

TRACKING = 'trackingID'
_AXES = ('3dX', '3dY', '3dZ')
_BLANK = (
    *('depthX', 'depthY', 'colorX', 'colorY'),
    *('orientationX', 'orientationY', 'orientationZ', 'orientationW'),
)
_STATE = 'trackingState'
_JOINT_FIELDS = {
    f'joint{joint + 1}_{field}': (joint, field)
    for joint in range(NUM_JOINTS)
    for field in (*_AXES, *_BLANK, _STATE)
}
COLUMNS = frozenset({FRAME, BODY, TRACKING, *_JOINT_FIELDS})
"""frozenset[str]: All columns that are written."""

_RULES = BodyRules(keep_empty=True)


@dataclass(frozen=True)
class _Table:
    """Columns in the order of the original, end of a line, and the tracking IDs that must not come back."""

    columns: tuple[str, ...]
    newline: bytes
    tracking: tuple[str, ...]


class ETRIFormat(RecordingFormat):
    """ETRI-Activity3D.

    Of the original a written file keeps which of the known columns there are, in which order, and how lines end.

    =========================================== ==================================================================
    ``joint<j>_3dX``, ``3dY``, ``3dZ``          anonymized, the shortest decimals that give the same float32
    ``frameNum``                                counts from 0, without the gaps of the original
    ``bodyindexID``                             number of the person, 0 or 1
    ``trackingID``                              number of the person, 1 or 2
    ``joint<j>_trackingState``                  2 (tracked)
    depth and colour pixels, orientations       0
    other columns                               dropped, with their names
    rows without a body                         dropped
    bodies that are no persons                  dropped: they were not anonymized
    frames in which nobody is seen              a row of the first person with all joints at zero
    =========================================== ==================================================================

    Where a file shows several bodies, the rules for NTU RGB+D tell persons from noise (``docs/ntu.md``), unless its tracking IDs are those of
    a written file.
    """

    name = 'etri'
    suffix = '.csv'
    layout = 'nturgb+d'
    max_bytes = MAX_BYTES
    fields = dict(camera=ETRI_CAMERAS, subject=ETRI_SUBJECTS, trial=ETRI_TRIALS)

    def numbers(self, filename: str) -> dict[str, int] | None:
        """See the base class."""
        try:
            found = parse_name(base_name(filename), filename)
        except ValueError:
            return None
        return dict(zip(('action', 'subject', 'trial', 'camera'), found, strict=True))

    def compose(self, numbers: Mapping[str, int]) -> str:
        """See the base class."""
        return 'A{action:03d}_P{subject:03d}_G{trial:03d}_C{camera:03d}'.format(**numbers)

    def traces(self, recording: Recording) -> dict[str, str]:
        """The tracking IDs of the bodies, the sensor's own numbers, which link a recording with others and with its original."""
        return dict.fromkeys(recording.source.tracking, 'a tracking ID of the original')

    def _decode(self, content: bytes, where: str) -> Recording:
        rows = parse_csv(content, where)
        check_frames(len(rows.frames), where)
        order = np.argsort(rows.frames, kind='stable')
        numbers, frames = np.unique(rows.frames[order], return_inverse=True)
        _, bodies = np.unique(rows.indices[order], return_inverse=True)
        joints = rows.joints[order].astype(np.float32)
        first, *others = content.splitlines(keepends=True)
        tracking = _tracking_ids(rows.header, others)
        # Kinect's own IDs are far greater: this file was written below, and its bodies are persons.
        selected = set(tracking) <= {'1', '2'} and set(rows.indices) <= {0, 1} and bool(tracking)
        if selected:
            bodies = rows.indices[order].astype(int) + 1
        records = BodyRecords(len(numbers), frames, tuple(bodies.tolist()), joints, selected)
        keypoint = skeleton_to_keypoint(records, _RULES).keypoint
        columns = tuple(dict.fromkeys(c for c in rows.header if c in COLUMNS))
        newline = b'\r\n' if first.endswith(b'\r\n') else b'\n'
        return Recording(keypoint, _Table(columns, newline, tracking))

    def _encode(self, recording: Recording, keypoint: np.ndarray) -> bytes:
        if np.abs(keypoint).max() > FARTHEST:
            raise ValueError(
                f'the anonymized joints go up to {np.abs(keypoint).max():g} m, readers of ETRI-Activity3D expect up to '
                f'{FARTHEST:g}; check the anonymizer.'
            )
        table = recording.source
        lines = [','.join(table.columns).encode()]
        seen = presence(keypoint)
        for number in range(keypoint.shape[1]):
            for person in np.flatnonzero(seen[:, number]).tolist() or [0]:
                joints = keypoint[person, number].astype('S').tolist()
                lines.append(b','.join(_field(c, number, person, joints) for c in table.columns))
        return table.newline.join([*lines, b''])


def _field(column: str, frame: int, person: int, joints: list[list[bytes]]) -> bytes:
    """What stands in a column."""
    if column in _JOINT_FIELDS:
        joint, field = _JOINT_FIELDS[column]
        if field in _AXES:
            return joints[joint][_AXES.index(field)]
        return b'2' if field == _STATE else b'0'
    return b'%d' % {FRAME: frame, BODY: person, TRACKING: person + 1}[column]


def _tracking_ids(header: tuple[str, ...], lines: list[bytes]) -> tuple[str, ...]:
    """All tracking IDs of a file."""
    if TRACKING not in header:
        return ()
    at = header.index(TRACKING)
    fields = (line.split(b',', at + 1) for line in lines if line.strip())
    found = {field[at].strip().decode('ascii', 'replace') for field in fields}
    return tuple(sorted(found - {''}))
