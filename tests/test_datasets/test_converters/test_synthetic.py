# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Synthetic data: bodies keep their bones, planted cues identify, cues that are switched off do not.

The attacks are scikit-learn classifiers on hand-made features: far above chance where a cue is planted, inside the central 99.9 % of the
binomial distribution at chance where it is off.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmskanon.datasets.converters import (
    CUES,
    SyntheticConfig,
    generate_synthetic,
    iter_synthetic,
    split_summary,
    subject_traits,
    synthetic_sample,
)
from mmskanon.datasets.converters.synthetic_actions import PAIR_ACTIONS, SINGLE_ACTIONS
from mmskanon.datasets.converters.synthetic_body import (
    PARENTS,
    bone_offsets,
)

EVERY_ACTION = dict(
    num_actions=len(SINGLE_ACTIONS) + len(PAIR_ACTIONS), two_person_actions=len(PAIR_ACTIONS)
)


# --- features of an attacker -----------------------------------------------------------------------------------------------------


def bones(keypoint):
    """Lengths of all bones, shape (..., V)."""
    return np.linalg.norm(keypoint - keypoint[..., list(PARENTS), :], axis=-1)


def bone_features(keypoint):
    return np.median(bones(keypoint[0]), axis=0)[1:]


def body_frame(keypoint):
    """First body with the pelvis at the origin and the mean hip line along x, shape (T, V, C)."""
    body = keypoint[0] - keypoint[0][:, :1]
    hips = (body[:, 16] - body[:, 12]).mean(axis=0)
    turn = np.arctan2(hips[2], hips[0])
    cos, sin = np.cos(turn), np.sin(turn)
    return body @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]).T


def tempo_features(keypoint):
    """Log peak, mean and mean square frequency of the movement."""
    motion = body_frame(keypoint)[12:60].reshape(48, -1)
    motion = (motion - motion.mean(axis=0)) * np.hanning(48)[:, None]
    power = (np.abs(np.fft.rfft(motion, 1024, axis=0)) ** 2).sum(axis=1)
    hertz = np.fft.rfftfreq(1024, 1 / 30)
    band = (hertz > 0.3) & (hertz < 5)
    power, hertz = power[band] / power[band].sum(), hertz[band]
    return np.log([hertz[power.argmax()], power @ hertz, power @ hertz**2])


def pose_features(keypoint):
    return np.median(body_frame(keypoint)[:, 1:], axis=0).ravel()


def bias_features(keypoint):
    spread = body_frame(keypoint).std(axis=0).sum(axis=-1)
    return np.log(spread[[9, 10, 11, 17, 18]] / spread[[5, 6, 7, 13, 14]])


def action_features(keypoint):
    body = body_frame(keypoint)[:, 1:]
    return np.concatenate([body.mean(axis=0).ravel(), body.std(axis=0).ravel()])


FEATURES = {
    'bone_lengths': (bone_features, False),
    'tempo': (tempo_features, True),
    'posture': (pose_features, True),
    'bias': (bias_features, True),
}


def lda():
    return make_pipeline(
        StandardScaler(), LinearDiscriminantAnalysis(solver='lsqr', shrinkage='auto')
    )


def neighbour():
    return make_pipeline(StandardScaler(), KNeighborsClassifier(5))


def attack(data, feature, per_action, attribute='subject'):
    """Accuracies of two attackers trained on the split ``train``, and the number of test clips."""
    train = set(data['split']['train'])
    samples = data['annotations']
    x = np.array([feature(sample['keypoint']) for sample in samples])
    y = np.array([sample[attribute] for sample in samples])
    label = np.array([sample['label'] for sample in samples])
    known = np.array([sample['frame_dir'] in train for sample in samples])
    if per_action:
        for action in set(label):
            part = label == action
            x[part] = (x[part] - x[part & known].mean(axis=0)) / x[part & known].std(axis=0)
    scores = [
        model.fit(x[known], y[known]).score(x[~known], y[~known]) for model in (lda(), neighbour())
    ]
    return scores, int((~known).sum())


def at_chance(score, trials, chance):
    low, high = binom.interval(0.999, trials, chance)
    return low <= round(score * trials) <= high


# --- cues ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def nothing():
    return generate_synthetic(SyntheticConfig(cues=[], seed=12, trials=8))


class TestCues:
    @pytest.mark.parametrize('cue', list(FEATURES))
    def test_planted_cue_identifies(self, cue):
        data = generate_synthetic(SyntheticConfig(cues=[cue], seed=11))
        scores, _ = attack(data, *FEATURES[cue])
        floor = {'bone_lengths': 0.9, 'tempo': 0.4, 'posture': 0.8, 'bias': 0.4}[cue]
        assert min(scores) > floor, scores

    @pytest.mark.parametrize('feature', [*FEATURES, 'action'])
    def test_nothing_planted_nothing_found(self, nothing, feature):
        features = {**FEATURES, 'action': (action_features, True)}[feature]
        scores, trials = attack(nothing, *features)
        assert trials == 320
        for score in scores:
            assert at_chance(score, trials, 1 / 8), scores

    @pytest.mark.parametrize('cue', ['bone_lengths', 'tempo', 'bias'])
    def test_a_cue_alone_off_is_gone_though_the_others_stay(self, cue):
        """Features that see one cue only find nothing once it is off."""
        others = set(CUES) - {cue, 'gender'}
        data = generate_synthetic(SyntheticConfig(cues=others, seed=13))
        scores, trials = attack(data, *FEATURES[cue])
        for score in scores:
            assert at_chance(score, trials, 1 / 8), scores

    def test_gender_on_and_off(self, nothing):
        on = generate_synthetic(SyntheticConfig(cues=['gender'], seed=14))
        assert min(attack(on, bone_features, False, 'gender')[0]) > 0.9
        scores, trials = attack(nothing, bone_features, False, 'gender')
        for score in scores:
            assert at_chance(score, trials, 1 / 2), scores

    @pytest.mark.parametrize('planted', [True, False])
    def test_gender_of_unseen_subjects(self, planted):
        """Individual proportions do not tell the gender of people never seen; only the gender cue does."""
        cues = ['bone_lengths', 'gender'] if planted else ['bone_lengths']
        config = SyntheticConfig(num_subjects=80, num_actions=2, trials=2, cues=cues, seed=15)
        samples = list(iter_synthetic(config))
        x = np.array([bone_features(sample['keypoint']) for sample in samples])
        y = np.array([sample['gender'] == 'male' for sample in samples])
        subject = np.array([sample['subject'] for sample in samples])
        known = subject <= 40
        vote = lda().fit(x[known], y[known]).predict_proba(x[~known])[:, 1]
        right = sum(
            (vote[subject[~known] == person].mean() > 0.5) == (person % 2 == 0)
            for person in range(41, 81)
        )
        if planted:
            assert right >= 36
        else:
            assert at_chance(right / 40, 40, 1 / 2), right

    def test_traits_are_the_planted_truth(self):
        config = SyntheticConfig(noise_std=0)
        for subject in range(1, 9):
            traits = subject_traits(config, subject)
            measured = np.mean(
                [
                    bones(synthetic_sample(config, subject, label, 1)['keypoint'][0])[0]
                    for label in range(8)
                ],
                axis=0,
            )
            planted = np.linalg.norm(bone_offsets(traits.log_lengths), axis=-1)
            np.testing.assert_allclose(measured[1:], planted[1:], rtol=0.03)

    def test_traits_vanish_with_the_cues(self):
        traits = subject_traits(SyntheticConfig(cues=[]), 3)
        assert not traits.log_lengths.any() and not traits.posture.any()
        assert traits.log_tempo == 0 and traits.bias == 0

    def test_switching_tempo_changes_nothing_but_tempo(self):
        on = SyntheticConfig(noise_std=0)
        off = dataclasses.replace(on, cues=set(CUES) - {'tempo'})
        for label in (0, 9):
            one, other = (synthetic_sample(config, 2, label, 1) for config in (on, off))
            assert one['total_frames'] == other['total_frames']
            np.testing.assert_allclose(
                bones(one['keypoint'])[:, 0], bones(other['keypoint'])[:, 0], atol=5e-5
            )
            assert np.abs(one['keypoint'] - other['keypoint']).max() > 0.01


class TestActions:
    def test_a_simple_classifier_learns_them(self):
        data = generate_synthetic(SyntheticConfig(**EVERY_ACTION, num_subjects=4, seed=21))
        assert min(attack(data, action_features, False, 'label')[0]) > 0.8

    def test_unseen_subjects_perform_recognizably(self):
        config = SyntheticConfig(**EVERY_ACTION, num_subjects=6, trials=2, seed=22)
        samples = list(iter_synthetic(config))
        x = np.array([action_features(sample['keypoint']) for sample in samples])
        y = np.array([sample['label'] for sample in samples])
        known = np.array([sample['subject'] <= 4 for sample in samples])
        assert lda().fit(x[known], y[known]).score(x[~known], y[~known]) > 0.8

    def sample(self, name, subject=1, **options):
        config = SyntheticConfig(**EVERY_ACTION, noise_std=0, **options)
        return synthetic_sample(config, subject, config.action_names.index(name), 1)['keypoint']

    def test_wave_lifts_the_right_hand_only(self):
        late = self.sample('wave right')[0, 40:]
        assert (late[:, 11, 1] > late[:, 8, 1]).all()
        assert (late[:, 7, 1] < late[:, 4, 1]).all()

    def test_squat_lowers_the_pelvis_and_keeps_the_feet(self):
        body = self.sample('squat')[0]
        assert np.ptp(body[:, 0, 1]) > 0.3
        assert np.ptp(body[:, [14, 18], 1]) < 0.05

    def test_kick_lifts_the_right_foot_forward(self):
        body = body_frame(self.sample('kick right'))
        assert body[:, 18, 2].min() < -0.4
        assert body[:, 14, 2].min() > -0.2

    def test_jump_leaves_the_floor(self):
        lowest = self.sample('jumping jack')[0, :, [15, 19], 1].min(axis=0)
        assert 0.04 < np.ptp(lowest) < 0.12

    def test_persons_face_the_sensor(self):
        for name in SINGLE_ACTIONS:
            body = self.sample(name)[0]
            assert (body[0, 8] - body[0, 4])[0] > 0.15, 'the right shoulder lies at larger x'
            assert body[0, 19, 2] < body[0, 18, 2], 'the toes point to the sensor'

    @pytest.mark.parametrize('subject', range(1, 5))
    def test_handshake_hands_meet(self, subject):
        first, second = self.sample('handshake', subject)
        apart = np.linalg.norm(first[:, 11] - second[:, 11], axis=-1)
        assert apart[:5].min() > 0.8
        assert apart.min() < 0.35

    def test_pair_face_each_other(self):
        first, second = self.sample('push')
        toes = (first[0, [15, 19]] - first[0, [14, 18]]).mean(axis=0)
        other = (second[0, [15, 19]] - second[0, [14, 18]]).mean(axis=0)
        way = second[0, 0] - first[0, 0]
        assert toes @ way > 0 > other @ way

    def test_push_drives_the_partner_back(self):
        first, second = self.sample('push')
        apart = np.linalg.norm((first - second)[:, 0, [0, 2]], axis=-1)
        assert apart.max() - apart[0] > 0.15


class TestBody:
    @settings(max_examples=25, deadline=None)
    @given(
        seed=st.integers(0, 2**40),
        subject=st.integers(1, 10_000),
        label=st.integers(0, EVERY_ACTION['num_actions'] - 1),
        trial=st.integers(1, 99),
        low=st.integers(2, 50),
        extra=st.integers(0, 50),
        fps=st.sampled_from([10.0, 25.0, 30.0, 60.0]),
        cues=st.sets(st.sampled_from(CUES)),
    )
    def test_bones_do_not_stretch(self, seed, subject, label, trial, low, extra, fps, cues):
        config = SyntheticConfig(
            **EVERY_ACTION, seed=seed, frames=(low, low + extra), fps=fps, cues=cues, noise_std=0
        )
        sample = synthetic_sample(config, subject, label, trial)
        keypoint = sample['keypoint']
        persons = 2 if config.action_names[label] in PAIR_ACTIONS else 1
        assert keypoint.shape == (persons, sample['total_frames'], 25, 3)
        assert keypoint.dtype == np.float32 and np.isfinite(keypoint).all()
        assert low <= sample['total_frames'] <= low + extra
        lengths = bones(keypoint.astype(np.float64))
        # Coordinates are rounded to 1e-5 m.
        assert np.ptp(lengths, axis=1).max() < 5e-5
        assert lengths[..., 1:].min() > 0.02 and lengths.max() < 0.7
        stature = keypoint[0, 0, 3, 1] - keypoint[0, 0, [15, 19], 1].min()
        assert 1.0 < stature < 2.2
        assert 0.5 < keypoint[..., 2].min() and keypoint[..., 2].max() < 6


class TestDeterminism:
    def test_known_values(self):
        """Guards the random streams: the same on every run, machine and version."""
        keypoint = synthetic_sample(SyntheticConfig(), 2, 9, 3)['keypoint']
        assert keypoint.shape == (2, 67, 25, 3)
        np.testing.assert_allclose(keypoint[0, 0, 0], [-0.14958, 0.01315, 3.56976], atol=2e-5)
        np.testing.assert_allclose(keypoint[0, 40, 11], [0.27314, 0.40077, 3.61306], atol=2e-5)
        np.testing.assert_allclose(keypoint[1, -1, 3], [0.66383, 0.74028, 3.35051], atol=2e-5)

    def test_equal_seed_equal_data(self):
        config = SyntheticConfig(num_subjects=2, num_actions=3, trials=2, seed=5)
        one, other = generate_synthetic(config), generate_synthetic(config)
        assert one['split'] == other['split']
        for left, right in zip(one['annotations'], other['annotations'], strict=True):
            np.testing.assert_array_equal(left['keypoint'], right['keypoint'])

    def test_other_seed_other_data(self):
        one, other = (synthetic_sample(SyntheticConfig(seed=seed), 1, 0, 1) for seed in (0, 1))
        shared = min(one['total_frames'], other['total_frames'])
        assert np.abs(one['keypoint'][:, :shared] - other['keypoint'][:, :shared]).max() > 0.05

    @pytest.mark.parametrize(
        'larger',
        [dict(num_subjects=5), dict(trials=5), dict(num_actions=6, two_person_actions=1)],
        ids=lambda larger: next(iter(larger)),
    )
    def test_more_data_leaves_existing_clips(self, larger):
        small = SyntheticConfig(num_subjects=3, num_actions=4, two_person_actions=1, trials=2)
        key = lambda sample, config: (  # noqa: E731
            sample['subject'],
            config.action_names[sample['label']],
            sample['trial'],
        )
        big = dataclasses.replace(small, **larger)
        after = {key(sample, big): sample['keypoint'] for sample in iter_synthetic(big)}
        for sample in iter_synthetic(small):
            np.testing.assert_array_equal(after[key(sample, small)], sample['keypoint'])

    def test_noise_is_what_was_asked(self):
        noisy = SyntheticConfig(num_subjects=2, trials=2, noise_std=0.01)
        clean = dataclasses.replace(noisy, noise_std=0)
        error = np.concatenate(
            [
                (one['keypoint'] - other['keypoint'])[0]
                for one, other in zip(iter_synthetic(noisy), iter_synthetic(clean), strict=True)
            ]
        )
        assert error[:, [0, 1, 2, 20]].std() == pytest.approx(0.01, rel=0.05)
        assert error[:, [11, 15]].std() == pytest.approx(0.016, rel=0.05)
        assert abs(error.mean()) < 1e-4


class TestDataSet:
    def test_defaults(self):
        data = generate_synthetic()
        rows = {row['split']: row for row in split_summary(data)}
        assert rows['train']['samples'] == rows['test']['samples'] == 160
        for row in rows.values():
            assert row['subjects'] == 8 and row['actions'] == 10
        assert 60 <= rows['all']['frames_min'] and rows['all']['frames_max'] <= 90
        trials = {sample['frame_dir']: sample['trial'] for sample in data['annotations']}
        assert len(trials) == 320
        assert {trials[name] for name in data['split']['train']} == {1, 3}
        assert {trials[name] for name in data['split']['test']} == {2, 4}
        persons = {(sample['label'], len(sample['keypoint'])) for sample in data['annotations']}
        assert persons == {*((label, 1) for label in range(8)), (8, 2), (9, 2)}
        genders = {(sample['subject'] % 2, sample['gender']) for sample in data['annotations']}
        assert genders == {(1, 'female'), (0, 'male')}

    def test_one_person_only(self):
        config = SyntheticConfig(num_subjects=1, trials=2, two_person_actions=0)
        assert all(len(sample['keypoint']) == 1 for sample in iter_synthetic(config))
        assert set(config.action_names) <= set(SINGLE_ACTIONS) and len(config.action_names) == 10

    def test_iterator_is_lazy(self):
        clips = iter_synthetic(SyntheticConfig(num_subjects=10**9))
        assert next(clips)['frame_dir'] == 'syn_s001_a001_t01'

    def test_progress_wraps_the_clips(self):
        seen = []
        config = SyntheticConfig(num_subjects=1, num_actions=2, two_person_actions=1, trials=2)
        generate_synthetic(config, lambda clips: (seen.append(1) or clip for clip in clips))
        assert len(seen) == 4
