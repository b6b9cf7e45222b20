# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Synthetic skeleton data whose identity cues are known and can be switched off one by one.

Bodies of the 25-joint Kinect v2 layout perform joint-angle programs in front of a virtual sensor. Whatever tells one subject from
another was put there on purpose, as one of five cues:

================  ==================================================================================================
``bone_lengths``  stature and the proportions of ten segments
``tempo``         speed of all movements
``posture``       angles of the resting body, added to every action
``bias``          amplitude of the right limbs relative to the left ones
``gender``        proportions shared by all subjects of one gender (stature, shoulder and hip width, torso and legs)
================  ==================================================================================================

Each such parameter is ``population mean + deviation of the subject + jitter of the clip``. Switching a cue off sets the subject's
deviation to zero and leaves the jitter, which is drawn alike for everybody; with all cues off, clips of different subjects have the
same distribution. Everything else (place, orientation, duration, delay, overall amplitude, noise) never depends on the subject.

Gender is a fact about the subject: where the same subjects are trained and tested on, whoever recognises the subject knows the gender,
cue or no cue. Test the gender cue with every other cue off, or on subjects never seen.

Every clip has random streams of its own, derived from the seed and from the names of subject, action and trial. More subjects, actions
or trials therefore leave the existing clips as they are, and so does switching a cue: only the parameter it governs changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.signal import lfilter

from .synthetic_actions import PAIR_ACTIONS, SINGLE_ACTIONS, program_angles, smooth_step, waveforms
from .synthetic_body import MIDDLE_ANGLES, SEGMENTS, bone_offsets, pose_body, rotation

CUES = ('bone_lengths', 'tempo', 'posture', 'bias', 'gender')
GENDERS = ('female', 'male')

# Standard deviation of subjects (normal) or half the range of subjects (uniform), and standard deviation of clips.
_STATURE, _PROPORTION, _BONE_JITTER = 0.035, 0.045, 0.008
_TEMPO_RANGE, _TEMPO_JITTER = 0.32, 0.02
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
# Neighbouring frames of a depth sensor err alike; arms and legs more so than the trunk towards their ends.
_NOISE_MEMORY = 0.6
_NOISE_GAIN = np.ones(25)
_NOISE_GAIN[[6, 10, 14, 18]] = 1.25
_NOISE_GAIN[[7, 11, 15, 19, 21, 22, 23, 24]] = 1.6

# Names of the random streams.
_SUBJECT, _CLIP, _NOISE, _STRANGER, _SPREAD = range(5)
# The two-person actions have their own numbers, so that a longer list of one-person actions does not move them.
_PAIR_NUMBER = 1000


@dataclass(frozen=True)
class SyntheticConfig:
    """What to generate.

    Args:
        num_subjects (int): Subjects, numbered from 1; odd ones are female, even ones male. Defaults to 8.
        num_actions (int): Action classes altogether. Defaults to 10.
        trials (int): Repetitions of each action by each subject, numbered from 1; at least 2, because odd trials make up the split
            ``train`` and even ones ``test``. Defaults to 4.
        seed (int): Seed of everything random. Defaults to 0.
        fps (float): Frames a second. Defaults to 30.
        frames (tuple[int, int]): Shortest and longest clip in frames. Defaults to (60, 90).
        noise_std (float): Standard deviation of the sensor noise of trunk joints in metres; hands and feet have up to 1.6 times as
            much. Defaults to 0.008.
        two_person_actions (int): How many of the action classes involve a second person. Defaults to 2.
        cues (Iterable[str]): Identity cues that are switched on, out of :data:`CUES`. Defaults to all.

    Raises:
        ValueError: If a number is out of range or a cue is unknown.
    """

    num_subjects: int = 8
    num_actions: int = 10
    trials: int = 4
    seed: int = 0
    fps: float = 30.0
    frames: tuple[int, int] = (60, 90)
    noise_std: float = 0.008
    two_person_actions: int = 2
    cues: Iterable[str] = CUES

    def __post_init__(self) -> None:
        if isinstance(self.cues, str):
            raise ValueError(
                f"cues must be a list of names, found the string '{self.cues}'; write ['{self.cues}']."
            )
        object.__setattr__(self, 'cues', frozenset(self.cues))
        object.__setattr__(self, 'frames', tuple(self.frames))
        unknown = sorted(self.cues - set(CUES))
        if unknown:
            raise ValueError(f'cues has the unknown names {unknown}; choose from {list(CUES)}.')
        for name, low in (('num_subjects', 1), ('num_actions', 1), ('trials', 2), ('seed', 0)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < low:
                raise ValueError(
                    f'{name} must be a whole number of at least {low}, found {value!r}.'
                )
        if not 0 <= self.two_person_actions <= min(len(PAIR_ACTIONS), self.num_actions):
            raise ValueError(
                f'two_person_actions must lie between 0 and {min(len(PAIR_ACTIONS), self.num_actions)} '
                f'(of {self.num_actions} actions), found {self.two_person_actions!r}.'
            )
        single = self.num_actions - self.two_person_actions
        if single > len(SINGLE_ACTIONS):
            raise ValueError(
                f'num_actions asks for {single} one-person actions, only {len(SINGLE_ACTIONS)} exist; '
                f'with two_person_actions={self.two_person_actions} at most '
                f'{len(SINGLE_ACTIONS) + self.two_person_actions} actions are possible.'
            )
        if len(self.frames) != 2 or not 2 <= self.frames[0] <= self.frames[1]:
            raise ValueError(
                f'frames must be the shortest and the longest length, at least 2, found {self.frames!r}.'
            )
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f'fps must be a positive number, found {self.fps!r}.')
        if not (np.isfinite(self.noise_std) and self.noise_std >= 0):
            raise ValueError(
                f'noise_std must be a number of metres, zero or more, found {self.noise_std!r}.'
            )

    @property
    def action_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their labels: one-person actions first."""
        single = list(SINGLE_ACTIONS)[: self.num_actions - self.two_person_actions]
        return (*single, *list(PAIR_ACTIONS)[: self.two_person_actions])


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


def _random(config: SyntheticConfig, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(config.seed, spawn_key=key)))


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
    tempo, bias = _random(config, _SPREAD).random(2)
    return _draw_traits(
        config,
        _random(config, _SUBJECT, subject),
        gender=GENDERS[(subject - 1) % 2],
        tempo=(tempo + subject * (np.sqrt(5) - 1) / 2) % 1,
        bias=(bias + subject * (np.sqrt(2) - 1)) % 1,
    )


def _stranger(config: SyntheticConfig, key: tuple[int, ...]) -> Traits:
    rng = _random(config, _STRANGER, *key)
    which, tempo, bias = rng.random(3)
    return _draw_traits(config, rng, GENDERS[int(which < 0.5)], tempo, bias)


@dataclass(frozen=True)
class _Performer:
    """A person in one clip: traits plus the jitter of the clip."""

    offsets: np.ndarray
    rest: dict[str, float]
    right: float
    left: float
    sway: np.ndarray

    @classmethod
    def of(cls, traits: Traits, rng: np.random.Generator) -> _Performer:
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


def _place(body: np.ndarray, yaw: float, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Body frame to camera space, shape (T, V, C)."""
    turned = body @ rotation(1, np.array(yaw)).T
    return turned + np.stack(np.broadcast_arrays(x, y, z), axis=-1)[:, None]


def _clip(config: SyntheticConfig, traits: Traits, name: str, key: tuple[int, ...]) -> np.ndarray:
    """One clip without sensor noise, shape (M, T, V, C)."""
    action = SINGLE_ACTIONS[name] if name in SINGLE_ACTIONS else PAIR_ACTIONS[name]
    rng = _random(config, _CLIP, *key)
    low, high = config.frames
    num_frames = low + int(rng.random() * (high - low + 1))
    delay, side, x, z = rng.random(4)
    yaw, height, speed = rng.standard_normal(3)
    performer = _Performer.of(traits, rng)

    seconds = np.arange(num_frames) / config.fps
    tempo = np.exp(traits.log_tempo + _TEMPO_JITTER * speed)
    clock = (seconds - 0.3 * delay) * tempo
    waves = waveforms(clock, action.frequency, action.approach)
    body = performer.joints(action.moves, waves, seconds)
    # The floor lies about 0.9 m below the sensor.
    floor = -0.9 + 0.05 * height + action.hop * waves['lift']
    x, z = 0.8 * x - 0.4, 2.7 + 0.8 * z
    if action.partner is None:
        return _place(body, 12 * yaw, x, floor, z)[None]

    # The line between the two runs across the view; the first person stands on either side of it.
    other = _Performer.of(_stranger(config, key), rng)
    line = np.deg2rad((0 if side < 0.5 else 180) + 12 * yaw)
    start, contact = action.apart
    apart = start + (contact - start) * smooth_step(
        clock / action.approach if action.approach else clock
    )
    drift = action.recoil * waves['pulse']
    across, along = np.cos(line), np.sin(line)
    facing = np.rad2deg(line) - 90
    first = _place(body, facing, x - across * apart / 2, floor, z + along * apart / 2)
    body = other.joints(action.partner, waves, seconds)
    away = apart / 2 + drift
    second = _place(body, facing + 180, x + across * away, floor, z - along * away)
    return np.stack([first, second])


def _noise(config: SyntheticConfig, shape: tuple[int, ...], key: tuple[int, ...]) -> np.ndarray:
    """First-order autoregressive noise of unit variance times the gain of each joint, shape (M, T, V, C)."""
    white = _random(config, _NOISE, *key).standard_normal(shape)
    white[:, 1:] *= np.sqrt(1 - _NOISE_MEMORY**2)
    return lfilter([1.0], [1.0, -_NOISE_MEMORY], white, axis=1) * _NOISE_GAIN[:, None]


def synthetic_sample(
    config: SyntheticConfig, subject: int, label: int, trial: int
) -> dict[str, Any]:
    """Generate one clip.

    Args:
        config (SyntheticConfig): What is generated.
        subject (int): Subject number, from 1.
        label (int): Action label, from 0.
        trial (int): Trial number, from 1.

    Returns:
        dict: An annotation as :func:`iter_synthetic` yields it.
    """
    name = config.action_names[label]
    number = _PAIR_NUMBER + list(PAIR_ACTIONS).index(name) if name in PAIR_ACTIONS else label
    key = (subject, number, trial)
    traits = subject_traits(config, subject)
    keypoint = _clip(config, traits, name, key)
    if config.noise_std:
        keypoint = keypoint + config.noise_std * _noise(config, keypoint.shape, key)
    # A hundredth of a millimetre: far below the noise, and it hides rounding differences between processors.
    keypoint = np.round(keypoint, 5).astype(np.float32)
    return dict(
        frame_dir=f'syn_s{subject:03d}_a{label + 1:03d}_t{trial:02d}',
        label=label,
        subject=subject,
        gender=traits.gender,
        trial=trial,
        total_frames=keypoint.shape[1],
        keypoint=keypoint,
    )


def iter_synthetic(config: SyntheticConfig) -> Iterator[dict[str, Any]]:
    """Generate clips one at a time, by subject, action and trial.

    Args:
        config (SyntheticConfig): What to generate.

    Yields:
        dict: Annotation with frame_dir, label, subject, gender, trial, total_frames and keypoint: float32 of shape (M, T, V, C) =
        (1 or 2, T, 25, 3), metres in Kinect's camera space (y up, z away from the sensor, x to the right of a person who faces
        it). With M = 2 the first body is the subject and the second a stranger drawn anew for each clip, who moves in the
        subject's tempo.
    """
    for subject in range(1, config.num_subjects + 1):
        for label in range(config.num_actions):
            for trial in range(1, config.trials + 1):
                yield synthetic_sample(config, subject, label, trial)


def generate_synthetic(
    config: SyntheticConfig | None = None, progress: Callable[[Iterable], Iterable] | None = None
) -> dict[str, Any]:
    """Generate a whole synthetic data set.

    Args:
        config (SyntheticConfig, optional): What to generate; None means the defaults. Defaults to None.
        progress (Callable, optional): Wraps the iterable of clips, for example ``tqdm.tqdm``. Defaults to None.

    Returns:
        dict: ``split`` (``train``: odd trials, ``test``: even trials) and ``annotations`` as :func:`iter_synthetic` yields them.
    """
    config = config or SyntheticConfig()
    clips = iter_synthetic(config)
    split: dict[str, list[str]] = {'train': [], 'test': []}
    annotations = []
    for sample in clips if progress is None else progress(clips):
        annotations.append(sample)
        split['train' if sample['trial'] % 2 else 'test'].append(sample['frame_dir'])
    return dict(split=split, annotations=annotations)
