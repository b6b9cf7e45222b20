# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What is left of the recordings, for changes whose figures are known."""

import numpy as np
import pytest
from audit_views import samples

from mmskanon.audit.clips import ClipStore
from mmskanon.audit.features import motion_residual, speed_profile
from mmskanon.audit.fidelity import measure_fidelity
from mmskanon.skeletons.geometry import normalize_skeleton
from mmskanon.skeletons.layouts import get_layout

SUBJECTS, TRIALS = 4, 4
FRAMES = 24


@pytest.fixture
def clips():
    """Annotations of four people, three actions and four repetitions, all of one length, that differ in every repetition."""
    random, found = np.random.default_rng(5), samples('style', trials=TRIALS)
    for sample in found:
        body = sample['keypoint'][:, np.linspace(0, 19, FRAMES).round().astype(int)]
        time = np.linspace(0, 1, FRAMES)[:, None, None]
        waves = random.normal(size=(20, 3)) * np.sin(7 * time + 6 * random.random((20, 1)))
        sample.update(keypoint=(body + 0.05 * waves).astype(np.float32), total_frames=FRAMES)
    return found


@pytest.fixture
def measured(record, stores, clips):
    """Figures of what a function (annotation, original annotations) makes of the clips; the test part is repetitions 3 and 4."""

    def measure(change, test=None, originals=clips, **kwargs):
        original = record(dict(annotations=originals, split={}), **kwargs)
        made = [dict(s, keypoint=np.asarray(change(s, originals), np.float32)) for s in originals]
        persons = original.store.num_person
        store = ClipStore.build(made, original.store.layout_spec, persons, stores)
        if test is None:
            test = np.array([i for i, s in enumerate(originals) if s['trial'] >= 2])
        return measure_fidelity(original, store, test)

    return measure


def other(sample, originals, **changes):
    """The clip of the same subject, action and repetition but for some changes."""
    same = ('subject', 'label', 'trial', 'camera')
    wanted = {k: sample[k] for k in same if k in sample} | changes
    (found,) = [s for s in originals if all(s[k] == v for k, v in wanted.items())]
    return found['keypoint']


def same(sample, originals):
    return sample['keypoint']


CHANCE = dict(tm=1 / TRIALS, r1=1 / ((SUBJECTS - 1) * TRIALS + 1))


def test_a_file_without_places_is_compared_without_places(measured):
    """What is moved to the origin and turned, and nothing else, is as near as it was; only if all of it is."""

    def canonical(sample, originals):
        return normalize_skeleton(sample['keypoint'], 'kinect_v1', rotate='invariant')[0]

    def all_but_one(sample, originals):
        return (same if sample is originals[-1] else canonical)(sample, originals)

    assert measured(canonical)['mpjpe_mm'] < 0.01
    assert measured(all_but_one)['mpjpe_mm'] > 100


def test_an_unchanged_file_has_full_marks(measured):
    found = measured(same)
    assert found.pop('bone_variation') == found.pop('bone_variation_original') > 0
    assert found.pop('mpjpe_px') is None
    assert found == pytest.approx(
        dict(
            mpjpe_mm=0, bone_deviation=0, velocity_ratio=1, jerk_ratio=1, ghost_frames=0, vanished_frames=0,
            tm=1, tm_chance=CHANCE['tm'], rho_sub=1, r1=1, r1_chance=CHANCE['r1'], amplitude=1,
        )
    )  # fmt: skip


def test_a_known_shift_is_measured_in_millimetres_and_changes_nothing_else(measured):
    # 25 mm in the third repetitions and 75 mm in the fourth
    found = measured(lambda s, _: s['keypoint'] + (s['trial'] - 1.5) * np.array([0.03, 0, -0.04]))
    assert found['mpjpe_mm'] == pytest.approx(50, rel=1e-3)
    assert found['bone_deviation'] == pytest.approx(0, abs=1e-4)
    assert found['tm'] == found['r1'] == 1
    assert found['rho_sub'] == pytest.approx(1, abs=1e-3)
    assert found['velocity_ratio'] == pytest.approx(1, abs=1e-3)


def test_a_larger_body_has_longer_bones_and_moves_faster(measured):
    found = measured(lambda s, _: 1.1 * s['keypoint'])
    assert found['bone_deviation'] == pytest.approx(0.1, abs=1e-3)
    assert found['velocity_ratio'] == pytest.approx(1.1, abs=1e-3)
    assert found['jerk_ratio'] == pytest.approx(1.1, abs=1e-3)
    assert found['bone_variation'] == pytest.approx(found['bone_variation_original'], rel=1e-3)
    assert found['tm'] == 1 and found['amplitude'] == pytest.approx(1, abs=1e-3)  # directions alone


def test_only_test_clips_are_compared(measured):
    """Training clips are moved by a metre and stretched: neither counts."""

    def change(sample, _):
        return sample['keypoint'] if sample['trial'] >= 2 else 2 * sample['keypoint'] + 1

    found = measured(change)
    assert found['mpjpe_mm'] == found['bone_deviation'] == 0 and found['velocity_ratio'] == 1
    assert found['tm'] == found['r1'] == 1
    everything = measured(change, test=np.arange(SUBJECTS * 3 * TRIALS))
    assert everything['mpjpe_mm'] > 1000 and everything['velocity_ratio'] > 1.4


def test_sources_are_looked_for_among_training_clips_too(measured):
    """Every test clip shows a training clip of its person and action: its own source is never found."""
    found = measured(lambda s, all_: other(s, all_, trial=s['trial'] % 2))
    assert found['tm'] == 0 and found['tm_chance'] == CHANCE['tm']


def test_the_performance_from_another_camera_is_no_miss(measured, clips):
    """Cameras do not see the same, and each output shows the performance as the other camera saw it."""
    random, views = np.random.default_rng(0), []
    for sample in clips:
        for camera in (1, 2):
            seen = sample['keypoint'] + random.normal(scale=0.01, size=sample['keypoint'].shape)
            name = f'{sample["frame_dir"]}_c{camera}'
            keypoint = seen.astype(np.float32)
            views.append(dict(sample, frame_dir=name, camera=camera, keypoint=keypoint))
    found = measured(
        lambda s, all_: other(s, all_, camera=3 - s['camera']),
        originals=views,
    )
    assert found['tm'] == 1 and found['tm_chance'] == CHANCE['tm']
    assert found['rho_sub'] > 0.3
    found = measured(
        lambda s, all_: other(s, all_, trial=0, camera=s['camera']),
        test=np.arange(len(views)),
        originals=views,
    )
    assert found['tm'] == CHANCE['tm'] and found['rho_sub'] == pytest.approx(0, abs=1e-6)


def test_the_repetition_of_another_person_is_linked_to_that_person(measured):
    found = measured(lambda s, all_: other(s, all_, subject=(s['subject'] + 1) % SUBJECTS))
    assert found['r1'] == 0 and found['r1_chance'] == pytest.approx(CHANCE['r1'])
    assert found['tm'] < 0.6 and abs(found['rho_sub']) < 0.3
    assert found['velocity_ratio'] == pytest.approx(1, abs=0.05)  # all of it is human motion


@pytest.mark.parametrize('person', [True, False])
def test_replacing_every_clip_by_one_of_its_class_keeps_no_recording(measured, person):
    """One clip of the action for all, or one for each person: bones and speed look well, and TM is at chance."""
    everything = np.arange(SUBJECTS * 3 * TRIALS)

    def change(sample, originals):
        return other(sample, originals, trial=0, **({} if person else dict(subject=0)))

    found = measured(change, test=everything)
    assert found['tm'] == CHANCE['tm'] and found['rho_sub'] == pytest.approx(0, abs=1e-6)
    assert 0.7 < found['velocity_ratio'] < 1.3 and found['bone_deviation'] < 0.5
    if not person:
        assert found['r1'] == pytest.approx(CHANCE['r1'])
        assert found['amplitude'] == pytest.approx(0, abs=1e-6)


def test_a_statue_does_not_move(measured):
    found = measured(lambda s, _: np.repeat(s['keypoint'][:, :1], FRAMES, axis=1))
    assert found['velocity_ratio'] == found['jerk_ratio'] == 0
    assert found['rho_sub'] == 0 and found['amplitude'] == pytest.approx(0, abs=1e-6)
    assert found['bone_variation'] == pytest.approx(0, abs=1e-5)
    assert found['bone_variation_original'] > 0.01


def test_noise_is_nervous_and_its_motion_larger(measured):
    random = np.random.default_rng(0)
    found = measured(lambda s, _: s['keypoint'] + random.normal(scale=0.1, size=(1, FRAMES, 20, 3)))
    # The mean length of a Gaussian vector of three coordinates is 2 sigma sqrt(2 / pi).
    assert found['mpjpe_mm'] == pytest.approx(200 * np.sqrt(2 / np.pi), rel=0.02)
    assert found['jerk_ratio'] > found['velocity_ratio'] > 1 and found['amplitude'] > 1
    assert found['bone_variation'] > 2 * found['bone_variation_original']


def unit(row):
    return row / np.linalg.norm(row)


def test_figures_between_all_and_nothing_are_those_of_loops(measured, clips):
    """A smaller clip with noise, and another body for each person."""
    random = np.random.default_rng(3)
    moved = random.normal(scale=0.05, size=(SUBJECTS, 1, 20, 3))
    made = [
        0.7 * s['keypoint']
        + moved[s['subject']]
        + random.normal(scale=0.03, size=(1, FRAMES, 20, 3))
        for s in clips
    ]
    made = [np.asarray(m, np.float32) for m in made]
    found = measured(lambda s, _: made[next(i for i, t in enumerate(clips) if t is s)])
    body = get_layout('kinect_v1')
    motion, speed = (
        [
            np.stack(
                [
                    f(normalize_skeleton(c, body, rotate='invariant')[0], body).astype(np.float64)
                    for c in part
                ]
            )
            for part in ([s['keypoint'] for s in clips], made)
        ]
        for f in (motion_residual, speed_profile)
    )
    who, what = (np.array([s[k] for s in clips]) for k in ('subject', 'label'))
    test = [i for i, s in enumerate(clips) if s['trial'] >= 2]
    a, b = ([t[i] - t[what == what[i]].mean(0) for i in range(len(clips))] for t in motion)
    hits = dict(tm=[], r1=[])
    for i in test:
        same_action = [j for j in range(len(clips)) if what[j] == what[i]]
        for name, group in (
            ('tm', [j for j in same_action if who[j] == who[i]]),
            ('r1', [i] + [j for j in same_action if who[j] != who[i]]),
        ):
            hits[name].append(max(group, key=lambda j: unit(a[j]) @ unit(b[i])) == i)
    assert 0.3 < np.mean(hits['tm']) < 1 and 0.1 < np.mean(hits['r1']) < 1
    assert found['tm'] == np.mean(hits['tm']) and found['r1'] == np.mean(hits['r1'])
    size = [np.mean([np.linalg.norm(t[i]) for i in test]) for t in (a, b)]
    assert found['amplitude'] == pytest.approx(size[1] / size[0], rel=1e-3)
    x, y = (
        np.ravel([t[i] - t[(what == what[i]) & (who == who[i])].mean(0) for i in test])
        for t in speed
    )
    assert found['rho_sub'] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-3)
    change = []
    for i in test:
        for joint, parent in body.bones:
            if joint != parent:
                before, after = (
                    np.linalg.norm(c[0, :, joint] - c[0, :, parent], axis=-1)
                    for c in (clips[i]['keypoint'], made[i])
                )
                change.append(np.abs(after - before) / before)
    assert found['bone_deviation'] == pytest.approx(np.mean(change), rel=1e-3)


def two_dimensional(clips):
    return [
        dict(
            s,
            keypoint=400 * s['keypoint'][:, :, :17, :2],
            keypoint_score=np.ones((1, FRAMES, 17), np.float32),
        )
        for s in clips
    ]


def test_pixels_are_no_millimetres(measured, clips):
    found = measured(
        lambda s, _: s['keypoint'] + [30, 40], originals=two_dimensional(clips), layout='coco'
    )
    assert found['mpjpe_mm'] is None and found['mpjpe_px'] == pytest.approx(50, rel=1e-3)
    assert found['tm'] == 1


def test_people_who_come_and_go_are_counted(measured, clips):
    pairs = [dict(s, keypoint=np.repeat(s['keypoint'], 2, axis=0)) for s in clips]
    for sample in pairs:
        sample['keypoint'][1, :6] = 0  # the second person comes after a quarter

    def change(sample, _):
        clip = sample['keypoint'].copy()
        clip[1, :3] = sample['keypoint'][0, :3]  # in half of that time there is somebody
        clip[0, -6:] = 0  # and the first is gone at the end
        return clip

    found = measured(change, originals=pairs)
    assert found['ghost_frames'] == pytest.approx(3 / 6)
    assert found['vanished_frames'] == pytest.approx(6 / (24 + 18))
    moved = measured(
        lambda s, _: (
            s['keypoint'] + 0.1 * s['keypoint'].any(axis=(2, 3), keepdims=True) * [1, 0, 0]
        ),
        originals=pairs,
    )
    assert moved['mpjpe_mm'] == pytest.approx(100, rel=1e-3)  # absent bodies dilute nothing


def test_without_repetitions_or_motion_there_is_no_figure(measured, clips):
    once = [s for s in clips if s['trial'] == 0]
    found = measured(same, test=np.arange(len(once)), originals=once)
    assert found['tm'] is None and found['tm_chance'] is None and found['r1'] == 1
    alone = [s for s in clips if s['subject'] == 0]
    found = measured(same, originals=alone)
    assert found['r1'] is None and found['r1_chance'] is None and found['tm'] == 1
    still = [dict(s, keypoint=np.repeat(s['keypoint'][:, :1], FRAMES, axis=1)) for s in clips]
    found = measured(same, originals=still)
    assert found['velocity_ratio'] is None and found['jerk_ratio'] is None
    assert found['mpjpe_mm'] == 0
    assert not any(isinstance(v, float) and np.isnan(v) for v in found.values())
