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
from typing import Any

import numpy as np
from scipy.signal import lfilter

from .synthetic_actions import PAIR_ACTIONS, SINGLE_ACTIONS, smooth_step, waveforms
from .synthetic_body import rotation
from .synthetic_config import SyntheticConfig
from .synthetic_people import Performer, Traits, stranger_traits, subject_traits

# Standard deviation of the logarithm of a clip's speed; further jitter is that of the performer.
_TEMPO_JITTER = 0.02
# Neighbouring frames of a depth sensor err alike; arms and legs more so than the trunk towards their ends.
_NOISE_MEMORY = 0.6
_NOISE_GAIN = np.ones(25)
_NOISE_GAIN[[6, 10, 14, 18]] = 1.25
_NOISE_GAIN[[7, 11, 15, 19, 21, 22, 23, 24]] = 1.6
# The two-person actions have their own numbers, so that a longer list of one-person actions does not move them.
_PAIR_NUMBER = 1000


def _place(body: np.ndarray, yaw: float, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Body frame to camera space, shape (T, V, C)."""
    turned = body @ rotation(1, np.array(yaw)).T
    return turned + np.stack(np.broadcast_arrays(x, y, z), axis=-1)[:, None]


def _clip(config: SyntheticConfig, traits: Traits, name: str, key: tuple[int, ...]) -> np.ndarray:
    """One clip without sensor noise, shape (M, T, V, C)."""
    action = SINGLE_ACTIONS[name] if name in SINGLE_ACTIONS else PAIR_ACTIONS[name]
    rng = config.stream('clip', *key)
    low, high = config.frames
    num_frames = low + int(rng.random() * (high - low + 1))
    delay, side, x, z = rng.random(4)
    yaw, height, speed = rng.standard_normal(3)
    performer = Performer.of(traits, rng)

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
    other = Performer.of(stranger_traits(config, key), rng)
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
    white = config.stream('noise', *key).standard_normal(shape)
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
