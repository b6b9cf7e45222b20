# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Forward kinematics of a human body with the 25 joints of Kinect v2 (layout ``nturgb+d``).

Body frame: x to the person's right, y up, z to the person's back, metres, origin on the floor between the supporting feet. Turned by
a yaw of zero it coincides with the axes of Kinect's camera space for a person who faces the camera.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

NUM_JOINTS = 25

#: Parent of each joint in the kinematic tree; the pelvis (0) is the root. Hand tips and thumbs hang on the hands.
PARENTS = (0, 0, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1, 7, 7, 11, 11)

#: Groups of bones that share one length factor, left and right alike.
SEGMENTS = (
    'torso',
    'neck',
    'shoulders',
    'upper_arm',
    'forearm',
    'hand',
    'hips',
    'thigh',
    'shank',
    'foot',
)

# Joint -> (segment, offset from the parent in metres with arms and legs hanging down). Lengths follow what Kinect v2 reports for an
# adult of about 1.70 m; left joints mirror the right ones.
_RIGHT = {
    8: ('shoulders', (0.150, -0.045, 0.0)),
    9: ('upper_arm', (0.0, -0.265, 0.0)),
    10: ('forearm', (0.0, -0.245, 0.0)),
    11: ('hand', (0.0, -0.075, 0.0)),
    23: ('hand', (0.0, -0.075, 0.0)),
    24: ('hand', (0.0, -0.025, -0.045)),
    16: ('hips', (0.080, -0.035, 0.0)),
    17: ('thigh', (0.0, -0.380, 0.0)),
    18: ('shank', (0.0, -0.380, 0.0)),
    19: ('foot', (0.0, -0.055, -0.110)),
}
_MIDDLE = {
    1: ('torso', (0.0, 0.270, 0.0)),
    20: ('torso', (0.0, 0.230, 0.0)),
    2: ('neck', (0.0, 0.075, 0.0)),
    3: ('neck', (0.0, 0.130, -0.020)),
}
_LEFT_OF = {8: 4, 9: 5, 10: 6, 11: 7, 23: 21, 24: 22, 16: 12, 17: 13, 18: 14, 19: 15}

#: Angles of the trunk and the root movement, then one angle a side. All angles in degrees.
MIDDLE_ANGLES = tuple(
    f'{part}_{way}' for part in ('pelvis', 'spine', 'neck') for way in ('pitch', 'roll', 'yaw')
)
SIDE_ANGLES = (
    'shoulder_flex',
    'shoulder_abd',
    'shoulder_twist',
    'elbow',
    'wrist',
    'hip_flex',
    'hip_abd',
    'hip_twist',
    'knee',
    'ankle',
)
_LIMITS = {'elbow': (0.0, 150.0), 'knee': (0.0, 140.0)}


def _offsets() -> tuple[np.ndarray, np.ndarray]:
    offset = np.zeros((NUM_JOINTS, 3))
    segment = np.zeros(NUM_JOINTS, dtype=np.int64)
    for joint, (name, vector) in {**_MIDDLE, **_RIGHT}.items():
        offset[joint], segment[joint] = vector, SEGMENTS.index(name)
    for right, left in _LEFT_OF.items():
        offset[left], segment[left] = offset[right] * (-1, 1, 1), segment[right]
    return offset, segment


_OFFSET, _SEGMENT_OF = _offsets()


def rotation(axis: int, degrees: np.ndarray) -> np.ndarray:
    """Rotation matrices about one coordinate axis, right-handed.

    Args:
        axis (int): 0, 1 or 2 for x, y or z.
        degrees (np.ndarray): Angles, shape (T,).

    Returns:
        np.ndarray: Shape (T, 3, 3).
    """
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros((*angle.shape, 3, 3))
    second, third = (axis + 1) % 3, (axis + 2) % 3
    matrix[..., axis, axis] = 1
    matrix[..., second, second] = matrix[..., third, third] = cos
    matrix[..., second, third] = -sin
    matrix[..., third, second] = sin
    return matrix


def bone_offsets(log_scale: np.ndarray) -> np.ndarray:
    """Offset of each joint from its parent in the hanging pose.

    Args:
        log_scale (np.ndarray): Natural logarithm of the length factor of each segment in :data:`SEGMENTS`, shape (10,); zeros give
            the mean adult.

    Returns:
        np.ndarray: Metres, shape (V, C) = (25, 3).
    """
    return _OFFSET * np.exp(log_scale)[_SEGMENT_OF, None]


def pose_body(offsets: np.ndarray, angles: Mapping[str, np.ndarray], num_frames: int) -> np.ndarray:
    """Joints of a body standing on the floor, from joint angles.

    Conventions: pitch bends forward, flexion moves a limb forward (the knee bends backward), abduction moves it outward, twist turns
    it outward about its own axis, a positive ankle lifts the toes. Legs keep upright when the pelvis tilts. The lower foot touches
    the floor and the feet that carry the body stay at the origin, so that a squat lowers the hips instead of lifting the feet.

    Args:
        offsets (np.ndarray): From :func:`bone_offsets`, shape (V, C).
        angles (Mapping[str, np.ndarray]): Degrees of shape (T,), by name: :data:`MIDDLE_ANGLES` as they are, :data:`SIDE_ANGLES`
            with ``_r`` or ``_l`` appended. Absent names count as zero.
        num_frames (int): T.

    Returns:
        np.ndarray: Metres in the body frame, shape (T, V, C) = (T, 25, 3).
    """
    zero = np.zeros(num_frames)

    def angle(name: str) -> np.ndarray:
        value = angles.get(name, zero)
        limits = _LIMITS.get(name[:-2])
        return np.clip(value, *limits) if limits else value

    def trunk(part: str) -> np.ndarray:
        pitch, roll, yaw = (angle(f'{part}_{way}') for way in ('pitch', 'roll', 'yaw'))
        return rotation(2, roll) @ rotation(0, -pitch) @ rotation(1, yaw)

    pelvis = trunk('pelvis')
    chest = pelvis @ trunk('spine')
    head = chest @ trunk('neck')
    frame = {1: pelvis, 20: chest, 2: head, 3: head}
    for side, sign in (('r', 1), ('l', -1)):

        def ball(part: str, side: str = side, sign: int = sign) -> np.ndarray:
            flex, abduct, twist = (
                angle(f'{part}_{way}_{side}') for way in ('flex', 'abd', 'twist')
            )
            return rotation(2, sign * abduct) @ rotation(0, flex) @ rotation(1, -sign * twist)

        upper_arm = chest @ ball('shoulder')
        forearm = upper_arm @ rotation(0, angle(f'elbow_{side}'))
        hand = forearm @ rotation(0, angle(f'wrist_{side}'))
        thigh = ball('hip')
        shank = thigh @ rotation(0, -angle(f'knee_{side}'))
        foot = shank @ rotation(0, angle(f'ankle_{side}'))
        limbs = {8: chest, 9: upper_arm, 10: forearm, 11: hand, 23: hand, 24: hand}
        limbs |= {16: pelvis, 17: thigh, 18: shank, 19: foot}
        for joint, matrix in limbs.items():
            frame[joint if side == 'r' else _LEFT_OF[joint]] = matrix

    joints = np.zeros((num_frames, NUM_JOINTS, 3))
    for joint in (1, 20, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, *range(12, 20), 21, 22, 23, 24):
        joints[:, joint] = joints[:, PARENTS[joint]] + frame[joint] @ offsets[joint]
    return joints - _support(joints)[:, None]


def _support(joints: np.ndarray) -> np.ndarray:
    """Where the body stands: the floor's height and the place between the carrying feet, shape (T, 3)."""
    height = joints[:, (14, 18), 1]
    toes = joints[:, (15, 19), 1]
    floor = np.minimum(height.min(axis=1) - 0.055, toes.min(axis=1))
    # A foot 5 cm above the other carries little weight; a smooth weight avoids jumps when the weight changes sides.
    load = np.exp(-(height - height.min(axis=1, keepdims=True)) / 0.05)
    load /= load.sum(axis=1, keepdims=True)
    place = np.einsum('tf,tfc->tc', load, joints[:, (14, 18)])
    place[:, 1] = floor
    return place
