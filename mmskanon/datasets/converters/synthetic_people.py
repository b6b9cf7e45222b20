# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Synthetic people: what tells them apart, and how they move in one clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .synthetic_actions import program_angles
from .synthetic_body import MIDDLE_ANGLES, SEGMENTS, bone_offsets, pose_body
from .synthetic_config import CUES, SyntheticConfig

GENDERS = ('female', 'male')

# Standard deviation of subjects (normal) or half the range of subjects (uniform), and standard deviation of clips.
_STATURE, _PROPORTION, _BONE_JITTER = 0.035, 0.045, 0.008
_TEMPO_RANGE = 0.32
_BIAS_RANGE, _BIAS_JITTER = 0.28, 0.02
_POSTURE, _POSTURE_JITTER = 4.5, 1.5
_AMPLITUDE_JITTER = 0.05

# Resting angles: mean in degrees, and how far people differ relative to _POSTURE (they bend more than they lean sideways).
_REST = {
    'pelvis_pitch': (0.0, 0.7),
    'pelvis_roll': (0.0, 0.3),
    'spine_pitch': (4.0, 1.0),
    'spine_roll': (0.0, 0.5),
    'spine_yaw': (0.0, 0.7),
    'neck_pitch': (4.0, 1.2),
    'neck_roll': (0.0, 0.8),
    'neck_yaw': (0.0, 0.8),
    'shoulder_flex': (2.0, 1.0),
    'shoulder_abd': (9.0, 1.0),
    'shoulder_twist': (0.0, 1.2),
    'elbow': (16.0, 1.4),
    'hip_abd': (5.0, 0.6),
    'hip_twist': (10.0, 1.2),
}
_REST_MEAN, _REST_SPREAD = np.array(list(_REST.values())).T
# Half of the mean difference between men and women, as log length factors, women negative.
_GENDER = {
    'torso': 0.030,
    'neck': 0.035,
    'shoulders': 0.085,
    'upper_arm': 0.045,
    'forearm': 0.050,
    'hand': 0.045,
    'hips': -0.060,
    'thigh': 0.030,
    'shank': 0.050,
    'foot': 0.055,
}


@dataclass(frozen=True)
class Traits:
    """How one person differs from the population mean: the planted truth.

    Args:
        gender (str): ``female`` or ``male``.
        log_lengths (np.ndarray): Logarithm of the length factor of each body segment, shape (10,).
        log_tempo (float): Logarithm of the speed factor.
        posture (np.ndarray): Deviation of each resting angle in degrees, shape (14,).
        bias (float): Right limbs move by ``1 + bias``, left ones by ``1 - bias``.
    """

    gender: str
    log_lengths: np.ndarray
    log_tempo: float
    posture: np.ndarray
    bias: float


def _draw_traits(
    config: SyntheticConfig, rng: np.random.Generator, gender: str, tempo: float, bias: float
) -> Traits:
    """Traits from normal draws and from two numbers in [0, 1); everything is drawn, cues that are off count as zero."""
    stature, *proportion = rng.standard_normal(1 + len(SEGMENTS))
    posture = rng.standard_normal(len(_REST))
    lengths = _STATURE * stature + _PROPORTION * np.array(proportion)
    sign = 1 if gender == GENDERS[1] else -1
    body = sign * np.array([_GENDER[name] for name in SEGMENTS])
    on = {cue: float(cue in config.cues) for cue in CUES}
    return Traits(
        gender=gender,
        log_lengths=on['bone_lengths'] * lengths + on['gender'] * body,
        log_tempo=on['tempo'] * _TEMPO_RANGE * (2 * tempo - 1),
        posture=on['posture'] * _POSTURE * _REST_SPREAD * posture,
        bias=on['bias'] * _BIAS_RANGE * (2 * bias - 1),
    )


def subject_traits(config: SyntheticConfig, subject: int) -> Traits:
    """What is planted for one subject under the configured cues.

    Tempo and bias of successive subjects follow low-discrepancy sequences, so that even few subjects spread over the whole range.

    Args:
        config (SyntheticConfig): What is generated.
        subject (int): Subject number, from 1.

    Returns:
        Traits: Deviations from the population mean; zero where the cue is off.
    """
    tempo, bias = config.stream('spread').random(2)
    return _draw_traits(
        config,
        config.stream('subject', subject),
        gender=GENDERS[(subject - 1) % 2],
        tempo=(tempo + subject * (np.sqrt(5) - 1) / 2) % 1,
        bias=(bias + subject * (np.sqrt(2) - 1)) % 1,
    )


def stranger_traits(config: SyntheticConfig, key: tuple[int, ...]) -> Traits:
    """The traits of the second person of a clip, drawn anew for each clip.

    Args:
        config (SyntheticConfig): What is generated.
        key (tuple[int]): Numbers of subject, action and trial.

    Returns:
        Traits: Deviations from the population mean; zero where the cue is off.
    """
    rng = config.stream('stranger', *key)
    which, tempo, bias = rng.random(3)
    return _draw_traits(config, rng, GENDERS[int(which < 0.5)], tempo, bias)


@dataclass(frozen=True)
class Performer:
    """A person in one clip: traits plus the jitter of the clip."""

    offsets: np.ndarray
    rest: dict[str, float]
    right: float
    left: float
    sway: np.ndarray

    @classmethod
    def of(cls, traits: Traits, rng: np.random.Generator) -> Performer:
        """The person on one occasion, with jitter from the stream of the clip."""
        common, *bones = _BONE_JITTER * rng.standard_normal(1 + len(SEGMENTS))
        jitter = _POSTURE_JITTER * _REST_SPREAD * rng.standard_normal(len(_REST))
        posture = _REST_MEAN + traits.posture + jitter
        bias = traits.bias + _BIAS_JITTER * rng.standard_normal()
        amplitude = np.exp(_AMPLITUDE_JITTER * rng.standard_normal())
        return cls(
            offsets=bone_offsets(traits.log_lengths + common + np.array(bones)),
            rest=dict(zip(_REST, posture, strict=True)),
            right=amplitude * (1 + bias),
            left=amplitude * (1 - bias),
            sway=rng.random(3),
        )

    def joints(self, moves: Any, waves: dict[str, np.ndarray], seconds: np.ndarray) -> np.ndarray:
        """Joints in the body frame, shape (T, V, C)."""
        angles = program_angles(moves, waves, self.right, self.left)
        for name, degrees in self.rest.items():
            for target in (name,) if name in MIDDLE_ANGLES else (f'{name}_r', f'{name}_l'):
                angles[target] = angles.get(target, 0.0) + np.full_like(seconds, degrees)
        # Nobody stands perfectly still: a slow sway of about a degree with random phases.
        for name, phase, hertz in zip(
            ('pelvis_roll', 'pelvis_pitch', 'neck_yaw'), self.sway, (0.3, 0.4, 0.2), strict=True
        ):
            angles[name] = angles.get(name, 0.0) + 1.2 * np.sin(
                2 * np.pi * (hertz * seconds + phase)
            )
        return pose_body(self.offsets, angles, len(seconds))
