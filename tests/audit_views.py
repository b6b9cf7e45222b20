# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Clips of people who differ in one planted cue, for the tests of the audit."""

import numpy as np

from mmskanon.audit.clips import ClipStore, View
from mmskanon.skeletons.layouts import get_layout

SUBJECTS, ACTIONS = 4, 3


def samples(cue=None, trials=6, persons=1, layout='kinect_v1', seed=0) -> list[dict]:
    """Annotations of four people in three actions who differ in ``'bones'``, ``'tempo'``, ``'style'`` or nothing."""
    body = get_layout(layout)
    fixed = np.random.default_rng(99)
    directions = fixed.normal(size=(body.num_joints, body.dims))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    sway = fixed.normal(size=(ACTIONS, body.num_joints, body.dims))
    lengths = fixed.uniform(0.1, 0.4, size=(SUBJECTS, body.num_joints))
    amplitude = fixed.uniform(0.3, 1.7, size=(SUBJECTS, body.num_joints, 1))
    random = np.random.default_rng(seed)
    out = []
    for subject in range(SUBJECTS):
        for action in range(ACTIONS):
            for trial in range(trials):
                frames = 20 + (5 * subject if cue == 'tempo' else int(random.integers(0, 6)))
                phase = np.sin(
                    2 * np.pi * np.linspace(0, 1 + action, frames) + 0.3 * random.normal()
                )
                own = amplitude[subject] if cue == 'style' else 1.0
                bones = directions + 0.3 * own * sway[action] * phase[:, None, None]
                bones /= np.linalg.norm(bones, axis=-1, keepdims=True)
                bones = bones * lengths[subject if cue == 'bones' else 0][:, None]
                clip = np.zeros((persons, frames, body.num_joints, body.dims), np.float32)
                for person in range(min(persons, 1 + trial % 2)):
                    clip[person] = _pose(bones, body) + 3 + person
                    clip[person] += random.normal(scale=0.004, size=clip[person].shape)
                out.append(
                    dict(
                        frame_dir=f'a{action + 1}_s{subject + 1}_t{trial + 1}',
                        label=action,
                        subject=subject,
                        trial=trial,
                        keypoint=clip,
                    )
                )
    return out


def _pose(bones, body):
    place = np.zeros_like(bones)
    done = {body.root}
    while len(done) < body.num_joints:
        for joint, parent in enumerate(body.parents):
            if joint not in done and parent in done:
                place[:, joint] = place[:, parent] + bones[:, joint]
                done.add(joint)
    return place


def view_of(annotations, folder, layout='kinect_v1', takes=None) -> tuple[View, np.ndarray]:
    """The clips as attackers see them, and their subjects."""
    persons = annotations[0]['keypoint'].shape[0]
    store = ClipStore.build(annotations, layout, persons, folder, takes)
    index = np.arange(len(store))
    actions = np.array([s['label'] for s in annotations])
    subjects = np.array([s['subject'] for s in annotations])
    return View((store,), np.zeros_like(index), index, actions, ACTIONS), subjects


def halves(cue, folder, **kwargs) -> tuple[View, np.ndarray, View, np.ndarray]:
    """Training view and labels, test view and labels, split by trial."""
    annotations = samples(cue, **kwargs)
    view, subjects = view_of(annotations, folder, kwargs.get('layout', 'kinect_v1'))
    trials = np.array([s['trial'] for s in annotations])
    train = trials < trials.max() // 2 + 1
    return view[train], subjects[train], view[~train], subjects[~train]
