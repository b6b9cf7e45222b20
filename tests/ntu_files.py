# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write ``.skeleton`` files as Kinect v2 did for NTU RGB+D, sound and broken ones, of made-up people.

A recording is a list of frames, a frame a list of ``(body_id, joints)`` with joints of shape (V, C) = (25, 3) in metres. Numbers have the
seven significant digits of the originals, and lines their ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

JOINTS = 25
FIRST_ID = 72057594037931648
Frame = list[tuple[int, np.ndarray]]

# Height and side of each joint of a standing person, in metres, in the order of Kinect v2.
_POSE = np.array(
    [
        *[(0.0, 0.9), (0.0, 1.2), (0.0, 1.45), (0.0, 1.6)],
        *[(-0.18, 1.4), (-0.22, 1.15), (-0.24, 0.9), (-0.25, 0.82)],
        *[(0.18, 1.4), (0.22, 1.15), (0.24, 0.9), (0.25, 0.82)],
        *[(-0.09, 0.88), (-0.1, 0.5), (-0.11, 0.1), (-0.12, 0.03)],
        *[(0.09, 0.88), (0.1, 0.5), (0.11, 0.1), (0.12, 0.03)],
        *[(0.0, 1.38), (-0.26, 0.76), (-0.22, 0.8), (0.26, 0.76), (0.22, 0.8)],
    ]
)


def as_written(joints: np.ndarray) -> np.ndarray:
    """Coordinates rounded to the seven significant digits of a file, float64."""
    return np.vectorize(lambda value: float(f'{value:.7g}'), otypes=[float])(joints)


def person(frames: int, seed: int = 0, motion: float = 0.1, wide: bool = False) -> np.ndarray:
    """Joints of somebody who moves about.

    Args:
        frames (int): T.
        seed (int): Seed. Defaults to 0.
        motion (float): How far, in metres. Defaults to 0.1.
        wide (bool): Whether the body lies, wider than high, as noise does. Defaults to False.

    Returns:
        np.ndarray: Joints of shape (T, V, C), rounded as in a file.
    """
    rng = np.random.default_rng(seed)
    depth = rng.normal(scale=0.05, size=JOINTS)
    body = np.stack([_POSE[:, 0], _POSE[:, 1] - 0.9, depth], axis=1)
    if wide:
        body = body[:, [1, 0, 2]]
    place = np.array([rng.uniform(-1, 1), 0.0, rng.uniform(2.5, 4)])
    phase = np.linspace(0, 2 * np.pi, max(frames, 1))[:frames]
    sway = motion * np.stack([np.sin(phase), 0 * phase, np.cos(phase)], axis=1)
    noise = rng.normal(scale=0.003, size=(frames, JOINTS, 3))
    return as_written(body + place + sway[:, None] + noise)


def recording(frames: int, *bodies: tuple[int, int, np.ndarray]) -> list[Frame]:
    """Put bodies into the frames of a recording.

    Args:
        frames (int): T.
        *bodies (tuple): For each body its ID, the frame in which it is first seen, and its joints (T, V, C); frames with NaN in them are
            tracking gaps.

    Returns:
        list[Frame]: The recording.
    """
    content: list[Frame] = [[] for _ in range(frames)]
    for body_id, start, joints in bodies:
        for offset, pose in enumerate(joints):
            if not np.isnan(pose).any():
                content[start + offset].append((body_id, pose))
    return content


def text_of(frames: Sequence[Frame], newline: str = '\r\n', digits: int = 7) -> bytes:
    """The text of a file.

    Args:
        frames (Sequence[Frame]): The recording.
        newline (str): What ends a line. Defaults to that of Windows, as in the originals.
        digits (int): Significant digits of a number. Defaults to 7.

    Returns:
        bytes: The text.
    """
    rng = np.random.default_rng(0)
    lines = [str(len(frames))]
    for frame in frames:
        lines.append(str(len(frame)))
        for body_id, joints in frame:
            lean = rng.uniform(-0.3, 0.3, 2)
            lines.append(f'{body_id} 0 1 1 1 1 0 {lean[0]:.7g} {lean[1]:.7g} 2')
            lines.append(str(len(joints)))
            extra = rng.uniform(-1, 1, (len(joints), 4))
            for (x, y, z), turn in zip(joints, extra, strict=True):
                depth = max(abs(z), 0.1)
                u, v = 256 + 365 * x / depth, 212 - 365 * y / depth
                numbers = [x, y, z, u, v, 3.75 * u, 2.55 * v, *turn]
                lines.append(' '.join([*(f'{n:.{digits}g}' for n in numbers), '2']))
    return (newline.join(lines) + newline).encode()


def write(folder: Path, name: str, frames: Sequence[Frame] | bytes) -> Path:
    """Write a recording, or any content, to ``folder/name.skeleton``."""
    path = Path(folder) / f'{name}.skeleton'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(frames if isinstance(frames, bytes) else text_of(frames))
    return path


def sample_name(setup=1, camera=1, subject=1, replication=1, action=1) -> str:
    """Name of a recording."""
    return f'S{setup:03d}C{camera:03d}P{subject:03d}R{replication:03d}A{action:03d}'


def write_collection(
    folder: Path,
    subjects: Iterable[int] = (1, 2, 3),
    actions: Iterable[int] = (1, 2, 50),
    cameras: Iterable[int] = (1, 2),
    replications: Iterable[int] = (1, 2),
    setup: int = 1,
    frames: int = 14,
) -> list[str]:
    """Write a sound recording of every combination; actions of two persons show two.

    Returns:
        list[str]: Sample names, sorted.
    """
    names = []
    for subject in subjects:
        for action in actions:
            for replication in replications:
                for camera in cameras:
                    name = sample_name(setup, camera, subject, replication, action)
                    seed = subject * 1000 + action * 10 + replication
                    bodies = [(FIRST_ID + seed, 0, person(frames, seed, 0.1 + 0.02 * action))]
                    if action in range(50, 61) or action >= 106:
                        bodies.append((FIRST_ID + 7 * seed, 0, person(frames, seed + 5, 0.05)))
                    write(folder, name, recording(frames, *bodies))
                    names.append(name)
    return sorted(names)


def broken_files() -> dict[str, bytes]:
    """Files that no reader may take, by what is wrong with them."""
    whole = text_of(recording(3, (FIRST_ID, 0, person(3))))
    lines = whole.split(b'\r\n')

    def with_line(number: int, line: bytes) -> bytes:
        return b'\r\n'.join([*lines[: number - 1], line, *lines[number:]])

    joint = lines[4].split(b' ')
    return {
        'empty': b'',
        'binary': bytes(range(256)) * 4,
        'truncated': whole[: len(whole) // 2],
        'truncated at a line': b'\r\n'.join(lines[:20]) + b'\r\n',
        'NaN': with_line(5, b' '.join([b'NaN', *joint[1:]])),
        'infinite': with_line(5, b' '.join([joint[0], b'-1e999', *joint[2:]])),
        'no number': with_line(5, b' '.join([joint[0], joint[1], b'3_0.1', *joint[3:]])),
        'beyond float32': with_line(5, b' '.join([b'1e39', *joint[1:]])),
        'joint count': with_line(4, b'24'),
        'field missing': with_line(5, b' '.join(joint[:-1])),
        'field too many': with_line(5, b' '.join([*joint, b'1'])),
        'field empty': with_line(5, b' '.join([*joint[:-1], b''])),
        'body fields': with_line(3, b'1 2 3'),
        'body ID': with_line(3, b'x' + lines[2]),
        'body count': with_line(2, b'-1'),
        'frame count': with_line(1, b'3.5'),
        'more than stated': whole + b'1\r\n',
    }
