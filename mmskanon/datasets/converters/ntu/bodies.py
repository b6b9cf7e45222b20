# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""From what Kinect tracked to at most two persons: denoising, ranking, and joining the IDs of one person.

Kinect gives each body that it finds a tracking ID, furniture and reflections included, and a new ID where it has lost a person. The
rules are those of Microsoft's SGN (Zhang et al., "Semantics-guided neural networks for efficient skeleton-based human action
recognition", CVPR 2020), file ``data/ntu/get_raw_denoised_data.py``, taken over by CTR-GCN (Chen et al., ICCV 2021) and most work
since; they go back to HCN (Li et al., "Co-occurrence feature learning from skeleton data", IJCAI 2018). Where a recording has
several IDs:

1. *Length*: an ID seen in at most 11 frames is noise.
2. *Spread*: a frame is implausible where the body is wider than 0.8 times its height (x against y extent of its joints); an ID with
   at least 69.754 % of such frames is noise. IDs are looked at in order of appearance until one is left.
3. *Motion*: an ID's motion is the variance of its coordinates over all its frames and joints, summed over x, y and z; where it has
   implausible frames, the smaller of this and the motion without them. IDs are ranked by motion, the greatest first. SGN also has
   a test for motion from 0.089925 to 2 square metres, which all but the first have to pass, and leaves it switched off; so do we.
4. *Joining*: the first ID is person 1. Each further one is joined to person 1 if their intervals overlap in at most one frame, else
   to person 2 on the same condition, else dropped. In a shared frame the later one stands.
5. Frames in which neither person is seen are cut.

In a recording that :mod:`mmskanon.recordings` wrote, the IDs are the numbers of the persons, 1 and 2, and rules 1 to 4 do not apply: its
bodies were selected already, and by anonymized bodies they might be ranked, joined or dropped otherwise.

Where we differ: a person who is lost for a while stays in the frames in which it was seen (SGN closes the gap and so shifts what
follows); the interval of person 2 begins where it was first seen (SGN's at the first frame); if the length test would leave no ID,
the one with the most frames stays (SGN fails); a body whose joints are all exactly zero was not seen. MMAction2's own converter
(``gen_ntu_rgbd_raw.py``) has no IDs: it ranks Kinect's first four slots by the sum of the standard deviations of their coordinates,
and takes a slot for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .skeleton_file import BodyRecords

MAX_PERSONS = 2


@dataclass(frozen=True)
class BodyRules:
    """Thresholds for telling persons from noise; the defaults are the published ones.

    Args:
        min_frames (int): An ID needs more frames than this. Defaults to 11.
        spread_ratio (float): A frame is implausible where width exceeds height times this. Defaults to 0.8.
        spread_share (float): An ID with at least this share of implausible frames is noise. Defaults to 0.69754.
        motion_test (bool): Whether all IDs but the first must have a motion within ``motion_range``. Defaults to False.
        motion_range (tuple[float, float]): Least and greatest motion in square metres. Defaults to (0.089925, 2).
        keep_empty (bool): Whether frames without a person stay, as zeros. Defaults to False.
    """

    min_frames: int = 11
    spread_ratio: float = 0.8
    spread_share: float = 0.69754
    motion_test: bool = False
    motion_range: tuple[float, float] = (0.089925, 2.0)
    keep_empty: bool = False


@dataclass(eq=False)
class Track:
    """What one tracking ID was seen doing.

    Args:
        body_id (int): The ID.
        frames (np.ndarray): Frames in which it was seen, ascending, shape (T,).
        joints (np.ndarray): Its joints there in metres, float32 of shape (T, V, C).
        motion (float): Its motion in square metres. Defaults to 0.
    """

    body_id: int
    frames: np.ndarray
    joints: np.ndarray
    motion: float = 0.0


@dataclass(eq=False)
class Selection:
    """The persons of a recording, and what was done to find them.

    Args:
        keypoint (np.ndarray): Joints in metres in camera space, float32 of shape (M, T, V, C), zero where not seen. M is 0 if
            nobody was seen at all.
        notes (dict[str, int]): How often what was done, zeros left out: IDs dropped by ``length``, ``spread``, ``motion`` or
            ``overlap``, IDs ``joined`` to another, ``empty_frames``, and records in which an ID stood twice in one frame
            (``repeated``).
    """

    keypoint: np.ndarray
    notes: dict[str, int] = field(default_factory=dict)


def skeleton_to_keypoint(records: BodyRecords, rules: BodyRules | None = None) -> Selection:
    """Select, rank and join the bodies of a recording.

    Args:
        records (BodyRecords): What :func:`~.skeleton_file.parse_skeleton` read.
        rules (BodyRules, optional): Thresholds. Defaults to None, the published ones.

    Returns:
        Selection: At most two persons, the one with the most motion first, or as numbered where they were selected already.
    """
    rules = rules or BodyRules()
    tracks, repeated = split_tracks(records)
    notes = dict(repeated=repeated)
    joints = records.joints
    if records.selected:
        last = max((track.body_id for track in tracks), default=0)
        persons = [[t for t in tracks if t.body_id == number] for number in range(1, last + 1)]
    else:
        if len(tracks) > 1:
            tracks = _denoise(tracks, rules, notes)
        persons = _join(tracks, notes)
    keypoint = np.zeros((len(persons), records.num_frames, *joints.shape[1:]), dtype=joints.dtype)
    for person, members in zip(keypoint, persons, strict=True):
        for track in members:
            person[track.frames] = track.joints
    seen = np.zeros(records.num_frames, dtype=bool)
    for track in (track for members in persons for track in members):
        seen[track.frames] = True
    notes['empty_frames'] = int(len(seen) - seen.sum())
    if notes['empty_frames'] and not rules.keep_empty:
        keypoint = keypoint[:, seen]
    return Selection(keypoint, {what: count for what, count in notes.items() if count})


def split_tracks(records: BodyRecords) -> tuple[list[Track], int]:
    """Sort the bodies of a recording by tracking ID, in order of appearance.

    Args:
        records (BodyRecords): All bodies of the recording. Those whose joints are all zero are passed over.

    Returns:
        tuple[list[Track], int]: The tracks, and how many bodies had an ID that their frame had already; the first stands.
    """
    present = records.joints.any(axis=(1, 2))
    body_ids = records.body_ids
    if present.all() and len(set(body_ids)) == 1 and (np.diff(records.frames) > 0).all():
        return [Track(body_ids[0], records.frames, records.joints)], 0
    rows: dict[int, dict[int, int]] = {}
    repeated = 0
    for row in np.flatnonzero(present).tolist():
        frame_rows = rows.setdefault(body_ids[row], {})
        frame = int(records.frames[row])
        repeated += frame in frame_rows
        frame_rows.setdefault(frame, row)
    tracks = [
        Track(body_id, np.array(list(found)), records.joints[list(found.values())])
        for body_id, found in rows.items()
    ]
    return tracks, repeated


def _denoise(tracks: list[Track], rules: BodyRules, notes: dict[str, int]) -> list[Track]:
    """The tracks of several that are not noise, the one with the most motion first."""
    kept = [track for track in tracks if len(track.frames) > rules.min_frames]
    kept = kept or [max(tracks, key=lambda track: len(track.frames))]
    notes['length'] = len(tracks) - len(kept)
    for track in list(kept):
        track.motion = _motion(track.joints)
        if len(kept) == 1:
            break
        # With frames last, NumPy goes through memory in one go.
        points = np.ascontiguousarray(track.joints[..., :2].transpose(2, 1, 0))
        width, height = points.max(axis=1) - points.min(axis=1)
        plausible = width <= rules.spread_ratio * height
        if 1 - np.count_nonzero(plausible) / len(plausible) >= rules.spread_share:
            kept.remove(track)
            notes['spread'] = notes.get('spread', 0) + 1
        elif not plausible.all():
            track.motion = min(track.motion, _motion(track.joints[plausible]))
    kept.sort(key=lambda track: -track.motion)
    if rules.motion_test:
        low, high = rules.motion_range
        moving = [track for track in kept[1:] if low <= track.motion <= high]
        notes['motion'] = len(kept) - 1 - len(moving)
        kept = kept[:1] + moving
    return kept


def _motion(joints: np.ndarray) -> float:
    """Variance over frames and joints of joints (T, V, C), summed over the coordinates, in square metres."""
    points = joints.reshape(-1, joints.shape[-1]).T.astype(np.float64, order='C')
    points -= points.mean(axis=1, keepdims=True)
    return float((points**2).mean(axis=1).sum())


def _join(tracks: Sequence[Track], notes: dict[str, int]) -> list[list[Track]]:
    """Give each track, in their order, to the first person whom it does not overlap; drop it if there are two already."""
    persons: list[list[Track]] = []
    spans: list[list[int]] = []
    for track in tracks:
        start, end = int(track.frames[0]), int(track.frames[-1])
        for members, span in zip(persons, spans, strict=True):
            if min(span[1], end) <= max(span[0], start):
                members.append(track)
                span[:] = min(span[0], start), max(span[1], end)
                notes['joined'] = notes.get('joined', 0) + 1
                break
        else:
            if len(persons) < MAX_PERSONS:
                persons.append([track])
                spans.append([start, end])
            else:
                notes['overlap'] = notes.get('overlap', 0) + 1
    return persons
