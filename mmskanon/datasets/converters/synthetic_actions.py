# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Actions of the synthetic data as joint-angle programs.

A program is a table: which angle moves, along which waveform, by how many degrees. Waveforms are functions of the action's clock, which
runs faster or slower with the performer's tempo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

#: Seconds (at tempo one) in which an action fades in from rest.
FADE_IN = 0.35
#: Steps a second while two persons approach each other.
GAIT_FREQUENCY = 1.6

#: Angle -> waveform -> degrees.
Moves = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Action:
    """One action class.

    Args:
        frequency (float): Repetitions a second at tempo one.
        moves (Moves): The performer's movement. A name without ``_r`` or ``_l`` moves both sides.
        partner (Moves, optional): The second person's movement; None for an action of one person. Defaults to None.
        apart (tuple[float, float]): Distance of the two persons in metres at the start and at contact. Defaults to (0, 0).
        approach (float): Seconds at tempo one until contact. Defaults to 0.
        recoil (float): Metres by which the partner is driven back in each repetition. Defaults to 0.
        hop (float): Metres by which the body leaves the floor in each repetition. Defaults to 0.
    """

    frequency: float
    moves: Moves
    partner: Moves | None = None
    apart: tuple[float, float] = (0.0, 0.0)
    approach: float = 0.0
    recoil: float = 0.0
    hop: float = 0.0


_GAIT = {
    'hip_flex_r': {'step': 22},
    'knee_r': {'step': 35},
    'hip_flex_l': {'counterstep': 22},
    'knee_l': {'counterstep': 35},
}
_SHAKE = {
    **_GAIT,
    'shoulder_flex_r': {'hold': 38, 'wave': 9},
    'shoulder_abd_r': {'hold': -12},
    'elbow_r': {'hold': 35, 'wave': 12},
    'spine_pitch': {'hold': 6},
    'spine_yaw': {'hold': 14},
}
_HIGH_FIVE = {
    **_GAIT,
    'shoulder_flex_r': {'pulse': 115},
    'shoulder_abd_r': {'hold': -10},
    'spine_yaw': {'hold': 10},
    'elbow_r': {'hold': 55, 'pulse': -40},
    'spine_pitch': {'pulse': 5},
}

#: Actions of one person, in the order of their labels.
SINGLE_ACTIONS = {
    'wave right': Action(
        1.4,
        {
            'shoulder_abd_r': {'hold': 68},
            'shoulder_twist_r': {'hold': 88},
            'elbow_r': {'hold': 78, 'wave': 32},
        },
    ),
    'squat': Action(
        0.7,
        {
            'hip_flex': {'lift': 85},
            'knee': {'lift': 112},
            'ankle': {'lift': 27},
            'pelvis_pitch': {'lift': 32},
            'shoulder_flex': {'lift': 95},
        },
    ),
    'kick right': Action(
        0.9,
        {
            'hip_flex_r': {'pulse': 78, 'antipulse': -22},
            'knee_r': {'antipulse': 70, 'pulse': 6},
            'ankle_r': {'pulse': -20},
            'pelvis_pitch': {'pulse': -10},
            'shoulder_flex_l': {'pulse': 40},
            'shoulder_abd': {'hold': 18},
        },
    ),
    'walk in place': Action(
        1.0,
        {
            'hip_flex_r': {'first': 52},
            'knee_r': {'first': 78},
            'hip_flex_l': {'second': 52},
            'knee_l': {'second': 78},
            'shoulder_flex_r': {'wave': -32},
            'shoulder_flex_l': {'wave': 32},
            'elbow': {'hold': 25},
        },
    ),
    'bow': Action(
        0.6,
        {
            'pelvis_pitch': {'lift': 36},
            'spine_pitch': {'lift': 22},
            'neck_pitch': {'lift': 14},
            'shoulder_flex': {'lift': 48},
        },
    ),
    'clap': Action(
        1.5,
        {
            'shoulder_flex': {'hold': 38},
            'elbow': {'hold': 62},
            'shoulder_twist': {'hold': -22, 'wave': 22},
        },
    ),
    'punch': Action(
        1.0,
        {
            'shoulder_flex_r': {'hold': 15, 'pulse': 68},
            'elbow_r': {'hold': 95, 'pulse': -95},
            'shoulder_flex_l': {'hold': 15, 'antipulse': 68},
            'elbow_l': {'hold': 95, 'antipulse': -95},
            'spine_yaw': {'wave': 9},
            'hip_flex_l': {'hold': 14},
            'knee': {'hold': 14},
        },
    ),
    'jumping jack': Action(
        1.1,
        {
            'shoulder_abd': {'lift': 145},
            'hip_abd': {'lift': 22},
            'elbow': {'hold': 6},
        },
        hop=0.07,
    ),
    'wave both': Action(
        1.1,
        {
            'shoulder_abd': {'hold': 125, 'wave': 22},
            'shoulder_twist': {'hold': 60},
            'elbow': {'hold': 12},
        },
    ),
    'raise arms': Action(
        0.65,
        {
            'shoulder_flex': {'lift': 165},
            'neck_pitch': {'lift': -12},
        },
    ),
    'drink': Action(
        0.6,
        {
            'shoulder_flex_r': {'lift': 42},
            'shoulder_twist_r': {'lift': -28},
            'elbow_r': {'lift': 118},
            'neck_pitch': {'lift': -14},
        },
    ),
    'throw': Action(
        0.8,
        {
            'shoulder_abd_r': {'antipulse': 78},
            'shoulder_twist_r': {'antipulse': 80},
            'elbow_r': {'antipulse': 85, 'pulse': 10},
            'shoulder_flex_r': {'pulse': 98},
            'spine_yaw': {'wave': -14},
            'hip_flex_l': {'pulse': 28},
            'knee_l': {'pulse': 30},
        },
    ),
}

#: Actions of two persons, labelled after those of one person.
PAIR_ACTIONS = {
    'handshake': Action(1.8, _SHAKE, partner=_SHAKE, apart=(1.7, 0.86), approach=0.8),
    'push': Action(
        0.7,
        {
            'shoulder_flex': {'hold': 25, 'pulse': 55},
            'elbow': {'hold': 90, 'pulse': -88},
            'spine_pitch': {'pulse': 14},
            'hip_flex_l': {'pulse': 24},
            'knee_l': {'pulse': 24},
        },
        partner={
            'pelvis_pitch': {'pulse': -12},
            'spine_pitch': {'pulse': -10},
            'shoulder_flex': {'pulse': 35},
            'shoulder_abd': {'pulse': 25},
            'elbow': {'pulse': 45},
            'hip_flex_r': {'pulse': -15},
            'knee_r': {'pulse': 25},
        },
        apart=(0.75, 0.72),
        recoil=0.28,
    ),
    'high five': Action(0.8, _HIGH_FIVE, partner=_HIGH_FIVE, apart=(1.5, 0.78), approach=0.6),
}


def smooth_step(x: np.ndarray) -> np.ndarray:
    """Ramp from 0 at x <= 0 to 1 at x >= 1 with zero slope at both ends.

    Args:
        x (np.ndarray): Any shape.

    Returns:
        np.ndarray: Same shape.
    """
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def waveforms(clock: np.ndarray, frequency: float, approach: float) -> dict[str, np.ndarray]:
    """Every waveform a program may name.

    Args:
        clock (np.ndarray): Seconds since the start, stretched by the tempo, negative while the person still rests, shape (T,).
        frequency (float): Repetitions a second.
        approach (float): Seconds before contact.

    Returns:
        dict[str, np.ndarray]: Arrays of shape (T,): ``hold`` fades in and stays; ``wave`` swings about zero; ``lift`` rises to one and
        falls back each repetition; ``first`` and ``second`` rise in one half of it; ``pulse`` and ``antipulse`` are short strokes
        half a repetition apart; ``step`` and ``counterstep`` are the gait while two persons approach.
    """
    since = clock - approach
    hold = smooth_step(since / FADE_IN)
    turn = 2 * np.pi * frequency * np.maximum(since, 0.0)
    lift = (1 - np.cos(turn)) / 2
    if approach:
        walking = smooth_step(clock / 0.2) * (1 - smooth_step((clock - approach) / 0.2))
    else:
        walking = np.zeros_like(clock)
    stride = np.sin(2 * np.pi * GAIT_FREQUENCY * clock)
    return {
        'hold': hold,
        'wave': hold * np.sin(turn),
        'lift': lift,
        'first': np.clip(np.sin(turn), 0.0, None) ** 1.5,
        'second': np.clip(-np.sin(turn), 0.0, None) ** 1.5,
        'pulse': lift**2,
        'antipulse': hold * ((1 + np.cos(turn)) / 2) ** 2,
        'step': walking * np.clip(stride, 0.0, None) ** 1.5,
        'counterstep': walking * np.clip(-stride, 0.0, None) ** 1.5,
    }


def program_angles(
    moves: Moves, waves: Mapping[str, np.ndarray], right: float, left: float
) -> dict[str, np.ndarray]:
    """Joint angles of one person from a program.

    Args:
        moves (Moves): The program.
        waves (Mapping[str, np.ndarray]): From :func:`waveforms`.
        right (float): Amplitude factor of the right arm and leg.
        left (float): Amplitude factor of the left arm and leg. The trunk, and both legs where they move together and carry the
            body, take the mean of both.

    Returns:
        dict[str, np.ndarray]: Degrees of shape (T,), by the names of ``synthetic_body``.
    """
    angles: dict[str, np.ndarray] = {}
    for name, parts in moves.items():
        course = sum(degrees * waves[wave] for wave, degrees in parts.items())
        if name.startswith(('pelvis', 'spine', 'neck')):
            sides = {name: (right + left) / 2}
        elif name.endswith(('_r', '_l')):
            sides = {name: right if name.endswith('_r') else left}
        elif name.startswith(('hip', 'knee', 'ankle')):
            sides = dict.fromkeys((f'{name}_r', f'{name}_l'), (right + left) / 2)
        else:
            sides = {f'{name}_r': right, f'{name}_l': left}
        for target, factor in sides.items():
            angles[target] = angles.get(target, 0.0) + factor * course
    return angles
