# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy
import dataclasses
import pickle

import numpy as np
import pytest
import torch
from builders import LAYOUT, action_head, annotations, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.apis import anonymize_annotations
from mmskanon.datasets.population_clips import population_clips
from mmskanon.datasets.schema import take_of
from mmskanon.models.anonymizers import CentredTimingAnonymizer, KSameAnonymizer, centred_timing
from mmskanon.models.anonymizers.batches import anonymize_batch
from mmskanon.models.anonymizers.class_habits import without_habit
from mmskanon.registry import MODELS
from mmskanon.skeletons.dtw import smooth_path
from mmskanon.skeletons.habits import Balance, alike
from mmskanon.skeletons.kinematics import inverse_kinematics

PEOPLE = 6


def habitual(persons=1, habit=0.3, trials=4, **kwargs):
    """Annotations of people who hurry early or late, each in a manner of their own and a little different every time."""
    data = annotations(PEOPLE, 2, trials, frames=40, persons=persons, **kwargs)
    rng = np.random.default_rng(0)
    mine = {s + 1: habit * (s - (PEOPLE - 1) / 2) for s in range(PEOPLE)}
    for sample in data['annotations']:
        power = np.exp(mine[sample['subject']] / 2 + 0.2 * rng.normal())
        time = np.linspace(0, 1, 40) ** power
        swing = np.stack([np.sin(2 * np.pi * time), np.cos(3 * np.pi * time), time**2], axis=-1)
        still = sample['keypoint'][:, :1] + 0.03 * rng.normal(size=sample['keypoint'].shape)
        for joint in (5, 6, 9, 13, 17):
            still[:, :, joint] += 0.5 * np.roll(swing, joint, axis=-1)
        sample['keypoint'] = still.astype(np.float32)
    return data


@pytest.fixture
def make(tmp_path):
    """Build the anonymizer on a small annotation file, with a recognizer that says class 1 of everything."""

    def build(data=None, persons=1, plain=False, label=1, **kwargs):
        init_default_scope('mmskanon')
        net = tiny_net(action_head(2))
        torch.manual_seed(0)
        torch.save(MODELS.build(copy.deepcopy(net)).state_dict(), tmp_path / 'net.pth')
        data = habitual(persons) if data is None else data
        (tmp_path / 'data.pkl').write_bytes(pickle.dumps(data))
        (tmp_path / 'other.pkl').write_bytes(pickle.dumps(habitual(persons, seed=5)))
        cls = KSameAnonymizer if plain else CentredTimingAnonymizer
        if not plain:
            kwargs.setdefault('collection', dict(ann_file=str(tmp_path / 'data.pkl')))
        read = cls.read_actions
        cls.read_actions = lambda self, x: torch.eye(2)[label].expand(len(x), 2)
        try:
            made = cls(
                recognizer=dict(net=net, checkpoint=str(tmp_path / 'net.pth')),
                # Donors are others than those who are anonymized.
                population=dict(ann_file=str(tmp_path / 'other.pkl'), split='train'),
                **dict(layout=LAYOUT, num_person=persons, k=4) | kwargs,
            )
        finally:
            cls.read_actions = read
        made.read_actions = lambda x: torch.eye(2)[label].expand(len(x), 2)
        return made

    return build


def likeness(anonymizer, data):
    """How much more alike the outputs of a person are than those of different people, by their speeds."""
    torch.manual_seed(0)
    chosen = [s for s in data['annotations'] if s['label'] == 1]
    made = anonymize_annotations(chosen, anonymizer, dict(layout=LAYOUT))
    speeds = []
    for sample in made:
        directions = inverse_kinematics(torch.from_numpy(sample['keypoint']), LAYOUT)[1]
        speeds.append(directions.diff(dim=1).norm(dim=-1).flatten().numpy())
    people = np.array([s['subject'] for s in chosen])
    return alike(np.array(speeds), people, range(len(people)))


def test_people_are_alike_before_and_not_afterwards(make):
    data = habitual()
    before = likeness(make(data, plain=True, k=6), data)
    after = likeness(make(data, k=6), data)
    assert before > 0.2
    assert abs(after) < 0.05


def test_takes_of_a_person_keep_what_tells_them_apart(make):
    """Who hurries more than usual does so in the output, too."""
    data = habitual()
    data['annotations'] = [s for s in data['annotations'] if s['label'] == 1]
    del data['split']
    deviations = []
    for plain in (True, False):
        anonymizer = make(data, plain=plain, k=6, keep_orientation=False)
        torch.manual_seed(0)
        made = anonymize_annotations(data['annotations'], anonymizer, dict(layout=LAYOUT))
        places = np.stack([s['keypoint'][0] - s['keypoint'][0, :1] for s in made])
        by_person = places.reshape(PEOPLE, -1, places[0].size)
        deviations.append((by_person - by_person.mean(axis=1, keepdims=True)).ravel())
    assert np.corrcoef(deviations)[0, 1] > 0.9


def test_without_strength_it_is_k_same_motion(make):
    data = habitual()
    x = torch.from_numpy(data['annotations'][3]['keypoint'])[None] - 2
    plain, centred = make(data, plain=True, seed=3), make(data, strength=0.0, seed=3)
    assert torch.equal(centred(x, subjects=[1]), plain(x))
    assert not torch.allclose(make(data, strength=0.9, seed=3)(x, subjects=[1]), plain(x))


@pytest.mark.parametrize('frames', [1, 2, 50])
def test_bones_are_exact_and_absent_persons_stay_absent(make, frames):
    anonymizer = make(persons=2)
    x = torch.randn(3, 2, frames, 20, 3)
    x[1, 1] = 0
    out = anonymizer(x, subjects=[1, 2, 6])
    assert not out[1, 1].any() and out.isfinite().all()
    lengths = inverse_kinematics(out[0], LAYOUT)[2]
    torch.testing.assert_close(lengths, anonymizer.lengths.expand_as(lengths), atol=1e-5, rtol=0)


def test_several_cameras_of_one_take_do_not_pass_for_repetitions(make):
    data = habitual(trials=2)
    data['annotations'] = [s for s in data['annotations'] if s['label'] == 1]
    del data['split']
    for sample in data['annotations']:
        sample['trial'] = 1
    with pytest.raises(ValueError, match='nobody in the collection shows an action twice'):
        make(data)
    assert make(data, strength=0.5)._habits[1].strength == 0.5


def test_a_clip_is_not_read_along_itself(make, tmp_path, monkeypatch):
    """Where the collection holds the gallery, a clip's path through itself, which is the diagonal, is no habit."""
    monkeypatch.setattr(
        'mmskanon.models.anonymizers.centred_timing.excess', lambda offsets, *_: offsets
    )
    anonymizer = make(collection=dict(ann_file=str(tmp_path / 'other.pkl')))
    clips = population_clips(dict(ann_file=str(tmp_path / 'other.pkl')), LAYOUT, 'a test')
    read = [anonymizer._read(clips[index]) for index in range(len(clips))]
    habit = anonymizer._habits[1]
    for donor, column in list(habit.donors.items())[::8]:
        motion = anonymizer.directions[slice(*anonymizer._spans[donor])]
        paths = {}
        for index, (own, shown) in enumerate(read):
            if own.shape != motion.shape or not torch.allclose(own, motion):
                path = anonymizer._paths(own, shown, [donor])[0]
                paths.setdefault(clips.subjects[index], []).append(path)
        assert sorted(map(len, paths.values())) == [7, 8, 8, 8, 8, 8]
        for subject, row in habit.people.items():
            mean = habit.offsets[row, column] + habit.mean[column]
            torch.testing.assert_close(mean, torch.stack(paths[subject]).mean(0), atol=1e-3, rtol=0)


def test_paths_without_habits_never_run_backwards_and_change_smoothly():
    generator = torch.Generator().manual_seed(0)
    paths = torch.rand(20, 64, generator=generator).cumsum(1)
    paths = smooth_path(63 * paths / paths[:, -1:], 2.0)
    habits = smooth_path(4 * torch.randn(20, 64, generator=generator).cumsum(1), 2.0)
    rough = (paths - habits).clamp(0, 63).cummax(1).values
    found = without_habit(paths, habits, 2.0)
    assert (found.diff(dim=1) >= 0).all() and found.min() >= 0 and found.max() <= 63
    jerk, before = (x.diff(n=2, dim=1).abs().amax(1).mean() for x in (found, rough))
    assert jerk < 0.75 * before and (found - rough).abs().mean() < 1
    small = 0.2 * torch.sin(torch.linspace(0, 3, 64)).expand(20, -1)
    torch.testing.assert_close(
        without_habit(paths, small, 0.0), (paths - small).clamp(0, 63).cummax(1).values
    )
    assert torch.equal(without_habit(paths, 0 * habits, 2.0), paths.clamp(0, 63).cummax(1).values)


BALANCE = 'mmskanon.models.anonymizers.centred_timing.balance'


def test_timing_is_exchanged_where_people_stay_alike(make, monkeypatch):
    data = habitual(trials=2)
    assert {h.exchanged for h in make(data)._habits.values()} == {0.0}
    monkeypatch.setattr(BALANCE, lambda likeness: Balance(0.5, 0.2))
    exchanging = make(data)
    assert exchanging._habits[1].exchanged == pytest.approx(1 - 0.25**0.5)  # (1 - q)^2 0.2 = 0.05
    assert 'exchanged=0.50 to 0.50' in repr(exchanging)
    for settings in (dict(tolerance=0.2), dict(tolerance=None), dict(strength=0.5)):
        assert make(data, **settings)._habits[1].exchanged == 0


def test_exchanging_makes_clips_of_a_person_less_alike(make, monkeypatch):
    data = habitual()
    plain = likeness(make(data, plain=True, k=6), data)
    monkeypatch.setattr(BALANCE, lambda likeness: Balance(0.0, likeness(0.0)))
    none, half = (make(data, k=6, tolerance=t) for t in (None, plain / 4))
    assert half._habits[1].exchanged > 0.3
    assert likeness(none, data) == pytest.approx(plain, abs=1e-3)
    assert likeness(half, data) < 0.6 * plain


def test_what_is_exchanged_is_the_timing_of_somebody_else_without_their_habit(make, monkeypatch):
    monkeypatch.setattr(BALANCE, lambda likeness: Balance(0.5, 0.2))
    habit = dataclasses.replace(make()._habits[1], exchanged=1.0)
    donors, own = list(habit.donors)[:3], torch.linspace(0, 63, 64).expand(3, -1) ** 2 / 63
    columns = [habit.donors[d] for d in donors]
    # Of one of the lent clips, the path through a donor does not count.
    habit.usable[:] = True
    left_out = next(row for row, lender in enumerate(habit.lenders) if lender != 3)
    habit.usable[left_out, columns[1]] = False
    possible = {
        row: without_habit(
            habit.lent[row, columns],
            habit.strength * habit.offsets[habit.people[lender], columns],
            habit.smoothing,
        )
        for row, lender in enumerate(habit.lenders)
        if lender != 3
    }
    seen = set()
    for seed in range(60):
        got = habit.remove(own, donors, 3, torch.Generator().manual_seed(seed))
        again = habit.remove(own, donors, 3, torch.Generator().manual_seed(seed))
        assert torch.equal(got, again)
        seen |= {row for row, path in possible.items() if torch.allclose(got, path, atol=1e-4)}
    assert len(seen) > 10 and left_out not in seen
    habit.usable[:] = False
    kept = dataclasses.replace(habit, exchanged=0.0).remove(own, donors, 3)
    assert torch.equal(habit.remove(own, donors, 3), kept)


def test_paths_through_donors_of_the_own_take_do_not_count(make, tmp_path):
    """The donors' clips look otherwise, and say that they are views of the same performances."""
    data = habitual()
    habit = make(data)._habits[1]
    population = dict(ann_file=str(tmp_path / 'other.pkl'), split='train')
    donors = population_clips(population, LAYOUT, 'a test').takes
    clips = np.random.default_rng(1).permutation(48)  # those that are lent, all are read as class 1
    for row, clip in enumerate(clips):
        own = take_of(data['annotations'][clip])
        for donor, column in habit.donors.items():
            assert habit.usable[row, column] == (donors[donor] != own)
    assert (~habit.usable).sum() == 2 * PEOPLE


def test_strangers_are_refused(make):
    with pytest.raises(
        ValueError, match="has no clip of subject 'eve', so the habits .* not known"
    ):
        make()(torch.randn(1, 1, 9, 20, 3), subjects=['eve'])
    with pytest.raises(ValueError, match='needs the subject of each of the 1 clips'):
        make()(torch.randn(1, 1, 9, 20, 3))


def test_another_collection_whose_people_have_the_same_numbers_is_refused(make, monkeypatch):
    data = habitual()
    anonymizer = make(data)
    said = []
    monkeypatch.setattr(centred_timing, 'print_log', lambda text, **kwargs: said.append(text))
    anonymizer.check_collection(data['annotations'][::2], 'some.pkl')
    assert not said
    strangers = [{**s, 'frame_dir': f'mine/{s["frame_dir"]}'} for s in data['annotations']]
    with pytest.raises(ValueError, match='48 of the 48 samples of mine.pkl are not in .*ann_file'):
        anonymizer.check_collection(strangers, 'mine.pkl')
    anonymizer.check_collection(data['annotations'] + strangers[:2], 'more.pkl')
    assert len(said) == 1 and said[0].startswith('2 of the 50 samples of more.pkl are not in')


def test_an_action_that_the_person_does_not_show_otherwise(make):
    """One clip is all there is of a habit: it is taken for it."""
    data = habitual()
    data['annotations'] = [s for s in data['annotations'] if s['subject'] != 3] + [
        s for s in data['annotations'] if s['subject'] == 3 and s['label'] == 0
    ][:1]
    del data['split']
    anonymizer = make(data)
    x = torch.randn(1, 1, 20, 20, 3).cumsum(2)
    habit = anonymizer._habits[1]
    habit.people.pop(3, None)
    paths = torch.linspace(0, 63, 64)[None] ** 2 / 63
    donors = list(habit.donors)[:1]
    habit = dataclasses.replace(habit, exchanged=0.0)
    expected = without_habit(paths, habit.strength * (paths - habit.mean[:1]), 2.0)
    torch.testing.assert_close(habit.remove(paths, donors, 3), expected)
    assert anonymizer(x, subjects=[3]).isfinite().all()


def test_a_class_that_the_collection_does_not_show_keeps_its_timing(make):
    anonymizer, plain = make(label=1, seed=2), make(plain=True, label=0, seed=2)
    anonymizer.read_actions = plain.read_actions
    x = torch.randn(1, 1, 20, 20, 3).cumsum(2)
    assert torch.equal(anonymizer(x, subjects=[1]), plain(x))


def test_unknown_actions_have_no_habits_and_get_donors_part_by_part(make, monkeypatch):
    """The recognizer says class 1 of all, with a probability of 73 %."""
    data = habitual()
    anonymizer = make(data, unknown_share=0.1)
    assert anonymizer.least_confidence == pytest.approx(0.731, abs=1e-3)
    monkeypatch.setattr(CentredTimingAnonymizer, '_quantile', lambda self, clips: 0.8)
    with pytest.raises(ValueError, match='the recognizer knows no action of the collection'):
        make(data, unknown_share=0.1)
    chosen = [s for s in data['annotations'] if s['label'] == 1]
    known = list(anonymize_annotations(chosen, anonymizer, dict(layout=LAYOUT)))
    anonymizer.least_confidence, habits = 0.8, anonymizer._habits
    anonymizer._habits = {}  # nothing is looked up there
    made = list(anonymize_annotations(chosen, anonymizer, dict(layout=LAYOUT)))
    assert set(habits) == {1}
    for before, after in zip(known, made, strict=True):
        assert np.isfinite(after['keypoint']).all()
        assert not np.allclose(before['keypoint'], after['keypoint'], atol=0.01)


def test_a_checkpoint_holds_no_habits_of_anybody(make):
    assert not make().state_dict()


@pytest.mark.parametrize(
    ('wrong', 'words'),
    [
        (dict(strength=1.6), r'strength must be in \[0, 1.5\], found 1.6'),
        (dict(tolerance=0), 'tolerance must be a number > 0, found 0'),
        (dict(donors_per_class=3), 'donors_per_class must be an integer of at least k=4, found 3'),
        (dict(collection=dict(split='train')), 'CentredTimingAnonymizer.collection: population'),
    ],
)
def test_senseless_settings_are_refused(make, wrong, words):
    with pytest.raises(ValueError, match=words):
        make(**wrong)


def test_a_collection_without_subjects_is_refused(make):
    data = habitual()
    del data['annotations'][7]['subject']
    with pytest.raises(ValueError, match='sample a2_s1_t4 of the collection has no subject'):
        make(data)


def test_a_batch_tells_whom_it_shows(make):
    anonymizer = make(seed=1)
    inputs = torch.randn(2, 3, 1, 9, 20, 3)
    samples = [dict(frame_dir='a', subject=1), dict(frame_dir='b', subject=2)]
    out = anonymize_batch(anonymizer, inputs, samples)
    alone = anonymizer(inputs[1], subjects=[2, 2, 2])
    torch.testing.assert_close(out[1], alone)
    for missing in (None, [dict(frame_dir='a', subject=1), dict(frame_dir='b')]):
        with pytest.raises(ValueError, match='give PackSkeletonInputs meta_keys='):
            anonymize_batch(anonymizer, inputs, missing)
    plain = make(plain=True, seed=1)
    assert torch.equal(anonymize_batch(plain, inputs, None)[0], plain(inputs[0]))
