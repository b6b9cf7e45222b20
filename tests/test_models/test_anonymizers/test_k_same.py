# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy
import logging
import math
import pickle

import numpy as np
import pytest
import torch
from builders import LAYOUT, action_head, annotations, privacy_head, tiny_net
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from mmskanon.apis import anonymize_annotations, anonymize_keypoints
from mmskanon.datasets.population_clips import population_clips
from mmskanon.datasets.schema import take_of
from mmskanon.models.anonymizers import CanonicalBodyAnonymizer, KSameAnonymizer, k_same
from mmskanon.models.anonymizers.batches import anonymize_batch
from mmskanon.registry import MODELS
from mmskanon.skeletons.gallery import save_gallery
from mmskanon.skeletons.kinematics import inverse_kinematics
from mmskanon.skeletons.layouts import get_layout
from mmskanon.skeletons.resampling import resample_clip


@pytest.fixture
def make(tmp_path):
    """Build the anonymizer on a small annotation file and a recognizer with random weights."""

    def build(persons=1, data=None, head=None, checkpoint=True, split='train', **kwargs):
        init_default_scope('mmskanon')
        layout = kwargs.pop('layout', LAYOUT)
        net = tiny_net(head or action_head(3))
        torch.manual_seed(0)
        torch.save(MODELS.build(copy.deepcopy(net)).state_dict(), tmp_path / 'net.pth')
        data = annotations(persons=persons) if data is None else data
        (tmp_path / 'data.pkl').write_bytes(pickle.dumps(data))
        if 'gallery' not in kwargs:
            kwargs.setdefault('population', dict(ann_file=str(tmp_path / 'data.pkl'), split=split))
        return KSameAnonymizer(
            recognizer=dict(net=net, checkpoint=str(tmp_path / 'net.pth') if checkpoint else None),
            **dict(layout=layout, num_person=persons, k=2) | kwargs,
        )

    return build


def says(anonymizer, *classes):
    """Let the recognizer rank classes as told, the same for every clip."""
    logits = torch.zeros(3)
    for rank, label in enumerate(classes):
        logits[label] = 3 - rank
    anonymizer.recognizer.forward = lambda skeletons: logits.expand(len(skeletons), 3)
    return anonymizer


def drawn(anonymizer, method='_draw'):
    """Record which donors are drawn, call by call: clips of the gallery, or with ``_by_parts`` what that gives."""
    calls, draw = [], getattr(anonymizer, method)

    def record(*args):
        calls.append(draw(*args))
        return calls[-1]

    setattr(anonymizer, method, record)
    return calls


def assert_canonical(out, anonymizer):
    lengths = inverse_kinematics(out, LAYOUT)[2]
    torch.testing.assert_close(lengths, anonymizer.lengths.expand_as(lengths), atol=1e-5, rtol=0)


@pytest.mark.parametrize('persons', [1, 2])
@pytest.mark.parametrize('frames', [1, 2, 7, 64, 100])
def test_bones_are_exact_at_any_length(make, persons, frames):
    anonymizer = make(persons, warp_noise=2.0)
    x = torch.randn(2, persons, frames, 20, 3)
    out = anonymizer(x)
    assert out.shape == x.shape and out.isfinite().all()
    assert_canonical(out, anonymizer)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert_canonical(anonymizer(x), anonymizer)


def test_donors_are_different_people_who_show_the_recognized_class(make):
    anonymizer = says(make(k=3), 1)
    calls = drawn(anonymizer)
    anonymizer(torch.randn(20, 1, 16, 20, 3))
    for donors in calls:
        assert len(set(anonymizer.subjects[donors].tolist())) == 3
        assert anonymizer.labels[donors].tolist() == [1, 1, 1]
    assert len({tuple(donors) for donors in calls}) > 10


def test_the_output_is_the_average_of_donors_whatever_the_pose_of_the_clip(make):
    anonymizer = says(make(k=4, keep_orientation=False), 1)
    calls = drawn(anonymizer)
    x = torch.randn(1, 1, 1, 20, 3).expand(1, 1, 20, 20, 3)  # nothing to align to
    out = anonymizer(x)
    spans = [slice(*anonymizer._spans[d]) for d in calls[0]]
    mean = torch.stack([anonymizer.directions[s] for s in spans]).mean((0, 1))
    found = inverse_kinematics(out, LAYOUT)[1].mean((0, 1, 2))
    inner = [j for j in range(20) if j != get_layout(LAYOUT).root]
    cosine = torch.cosine_similarity(found[inner], mean[0, inner], dim=-1)
    assert cosine.min() > 0.99


def test_the_clip_itself_is_never_a_donor(make, tmp_path):
    anonymizer = make(k=4)
    clips = population_clips(
        dict(ann_file=str(tmp_path / 'data.pkl'), split='train'), LAYOUT, 'a test'
    )
    for number in (0, 9):
        says(anonymizer, clips.labels[number])
        calls = drawn(anonymizer)
        whole = torch.from_numpy(clips[number])[None]
        between = torch.from_numpy(resample_clip(clips[number], 33))[None]
        # As a file is exported, as a data loader samples, and brought to another length.
        for x in (whole, whole[:, :, ::2], between):
            for _ in range(8):
                anonymizer(x)
        assert len(calls) == 24 and all(number not in donors for donors in calls)
        # The same person's other trial may be: all four people are needed here.
        assert all(int(anonymizer.subjects[number]) in anonymizer.subjects[d] for d in calls)
    anonymizer.exclude_self = False
    calls = drawn(anonymizer)
    for _ in range(8):
        anonymizer(whole)
    assert any(number in donors for donors in calls)


def filmed_twice():
    """Annotations of performances that two cameras filmed, which do not see the same."""
    data, rng = annotations(), np.random.default_rng(7)
    first = [dict(s, camera=1) for s in data['annotations']]
    second = [dict(s, frame_dir=f'{s["frame_dir"]}_c2', camera=2) for s in first]
    for sample in second:
        noise = rng.normal(scale=0.02, size=sample['keypoint'].shape)
        sample['keypoint'] = sample['keypoint'] + noise.astype(np.float32)
    split = dict(both=[s['frame_dir'] for s in first + second if s['trial'] < 3])
    split['second'] = [s['frame_dir'] for s in second]
    return dict(split=split, annotations=first + second)


@pytest.mark.parametrize('known', ['poses', 'take'])
def test_another_view_of_the_performance_is_never_a_donor(make, tmp_path, known):
    """Known by the poses of a view that is in the gallery, or, where none is, by what the sample says."""
    data, split = filmed_twice(), 'both' if known == 'poses' else 'second'
    anonymizer = make(k=4, data=data, split=split)
    population = dict(ann_file=str(tmp_path / 'data.pkl'), split=split)
    takes = population_clips(population, LAYOUT, 'a test').takes
    for sample in data['annotations'][:48:5]:  # of camera 1
        if known == 'poses' and sample['trial'] > 2:
            continue
        own = {i for i, take in enumerate(takes) if take == take_of(sample)}
        assert len(own) == (2 if known == 'poses' else 1)
        says(anonymizer, sample['label'])
        calls = drawn(anonymizer)
        for _ in range(8):
            if known == 'take':
                next(anonymize_annotations([sample], anonymizer, dict(layout=LAYOUT)))
            else:
                anonymize_keypoints(sample['keypoint'], anonymizer, dict(layout=LAYOUT))
        assert len(calls) == 8 and not any(own.intersection(donors) for donors in calls)
        assert any(sample['subject'] - 1 in anonymizer.subjects[d] for d in calls)


def test_a_gallery_file_tells_no_views(make, tmp_path):
    data = filmed_twice()
    make(data=data, split='both')
    population = dict(ann_file=str(tmp_path / 'data.pkl'), split='both')
    clips = population_clips(population, LAYOUT, 'a test')
    save_gallery(clips.gallery(1), tmp_path / 'gallery.pth', LAYOUT)
    x = torch.from_numpy(clips[0])[None]
    loaded = make(k=4, data=data, gallery=str(tmp_path / 'gallery.pth'))
    assert loaded.takes is None and not loaded.asks_for_take
    assert loaded(x, takes=[clips.takes[0]]).isfinite().all()
    for key, value in dict(unknown_share=0.5, exclude_own_subject=True).items():
        with pytest.raises(ValueError, match=f'{key} needs a population, .* who is who'):
            make(k=3, data=data, gallery=str(tmp_path / 'gallery.pth'), **{key: value})


def test_takes_are_one_for_each_clip(make):
    with pytest.raises(ValueError, match='expected the takes of 2 clips, found 1'):
        make()(torch.randn(2, 1, 9, 20, 3), takes=[None])


def test_a_batch_tells_which_performance_it_shows(make):
    anonymizer = make(k=4, data=filmed_twice(), split='second')
    told = []
    anonymizer.transform = lambda coords, present, subjects, takes: told.append(takes) or coords
    samples = [
        ActionDataSample(metainfo=dict(frame_dir='a', subject=2, trial=3)).set_gt_label(1),
        ActionDataSample(metainfo=dict(frame_dir='S001C002P003R002A013')).set_gt_label(12),
        ActionDataSample(metainfo=dict(frame_dir='b', subject=2)).set_gt_label(1),
    ]
    anonymize_batch(anonymizer, torch.randn(3, 2, 1, 9, 20, 3), samples)
    ntu = take_of(dict(frame_dir='S001C001P003R002A013', label=12))
    known = (None, 2, 3, 1)
    assert told == [[known, known, ntu, ntu, None, None]]
    anonymize_batch(anonymizer, torch.randn(1, 2, 1, 9, 20, 3), None)
    assert told[1] is None


def test_the_own_subject_is_never_a_donor_where_asked(make):
    data = annotations()
    anonymizer = make(k=3, data=data, exclude_own_subject=True)
    calls = drawn(anonymizer)
    made = list(anonymize_annotations(data['annotations'], anonymizer, dict(layout=LAYOUT)))
    assert len(made) == len(calls) == 48
    names = list(anonymizer._numbers)
    for sample, donors in zip(data['annotations'], calls, strict=True):
        people = {names[p] for p in anonymizer.subjects[donors].tolist()}
        assert len(people) == 3 and sample['subject'] not in people
    # People outside the gallery have nobody to exclude.
    assert anonymizer(torch.randn(1, 1, 9, 20, 3), subjects=['somebody']).isfinite().all()


def test_donors_are_the_same_on_a_canonical_body(make, tmp_path):
    make()
    population = dict(ann_file=str(tmp_path / 'data.pkl'), split='train')
    recognizer = dict(net=tiny_net(action_head(3)), checkpoint=str(tmp_path / 'net.pth'))
    inner = dict(type='KSameAnonymizer', k=3, recognizer=recognizer, population=population, seed=0)
    cfg = dict(anonymizer=inner, population=population, layout=LAYOUT, num_person=1)
    anonymizer = CanonicalBodyAnonymizer(**cfg, lengths='random')
    x = torch.from_numpy(population_clips(population, LAYOUT, 'a test')[9])[None]
    calls = drawn(anonymizer.inner)
    for _ in range(4):
        out = anonymizer(x)
        lengths = inverse_kinematics(out, LAYOUT)[2]
        torch.testing.assert_close(lengths, lengths[:, :, :1].expand_as(lengths), atol=1e-5, rtol=0)
    assert len(calls) == 4 and all(9 not in donors for donors in calls)
    cfg['anonymizer'] = dict(inner, exclude_own_subject=True)
    anonymizer = CanonicalBodyAnonymizer(**cfg)
    with pytest.raises(ValueError, match='needs the subject of each of the 1 clips'):
        anonymizer(x)
    assert_canonical(anonymizer(x, subjects=[1]), anonymizer.inner)


def test_the_own_subject_must_be_known_where_it_is_to_be_excluded(make, tmp_path):
    anonymizer = make(exclude_own_subject=True)
    x = torch.randn(2, 1, 9, 20, 3)
    for subjects in (None, [1]):
        with pytest.raises(ValueError, match='needs the subject of each of the 2 clips'):
            anonymizer(x, subjects=subjects)
    with pytest.raises(ValueError, match='sample a has no subject, which KSameAnonymizer needs'):
        anonymize_keypoints(x[0].numpy(), anonymizer, dict(layout=LAYOUT), 'sample a')
    with pytest.raises(ValueError, match='gallery g.pth does not tell who is who'):
        make(gallery='g.pth', exclude_own_subject=True)
    with pytest.raises(ValueError, match='k=4 needs 5 different people'):
        make(k=4, exclude_own_subject=True)


def test_a_seed_gives_equal_clips_equal_outputs_and_none_gives_fresh_ones(make):
    x = torch.randn(3, 1, 16, 20, 3)
    seeded = make(seed=5, warp_noise=1.0)
    out = seeded(x)
    torch.manual_seed(99)
    torch.testing.assert_close(seeded(x.flip(0)).flip(0), out, atol=1e-5, rtol=0)
    torch.testing.assert_close(seeded(x[1:2]), out[1:2], atol=1e-5, rtol=0)
    others = [make(seed=seed, warp_noise=1.0)(x) for seed in range(5)]
    assert all((other - out).abs().max() > 1e-3 for other in others)
    fresh = make()
    outputs = [fresh(x) for _ in range(6)]
    assert max((o - outputs[0]).abs().max() for o in outputs) > 1e-3
    torch.manual_seed(3)
    first = fresh(x)
    torch.manual_seed(3)
    assert torch.equal(fresh(x), first)


def test_warp_noise_changes_the_timing_alone(make):
    data = annotations(frames=60)
    plain, noisy = (make(k=4, data=data, seed=1, warp_noise=noise) for noise in (0.0, 3.0))
    x = torch.from_numpy(data['annotations'][2]['keypoint'])[None] - 2
    for anonymizer in (plain, noisy):
        says(anonymizer, 1)
        assert_canonical(anonymizer(x), anonymizer)
    assert (plain(x) - noisy(x)).abs().max() > 1e-3


def test_it_stands_as_the_clip_does(make):
    turned, plain = make(seed=0), make(seed=0, keep_orientation=False)
    x = plain(torch.randn(1, 1, 16, 20, 3))
    angle = torch.tensor(0.4)
    turn = torch.tensor([[1, 0, 0], [0, angle.cos(), -angle.sin()], [0, angle.sin(), angle.cos()]])
    error = {}
    for name, anonymizer in (('turned', turned), ('plain', plain)):
        says(anonymizer, 1)
        error[name] = (anonymizer(x @ turn.T) - x @ turn.T).norm(dim=-1).mean()
    assert error['turned'] < 0.5 * error['plain']


def test_a_class_that_the_gallery_lacks_gives_donors_of_the_next_most_probable_one(
    make, monkeypatch
):
    data = annotations()
    data['split']['train'] = [n for n in data['split']['train'] if not n.startswith('a2_')]
    said = []
    monkeypatch.setattr(k_same, 'print_log', lambda text, **kwargs: said.append((text, kwargs)))
    anonymizer = says(make(data=data), 1, 2, 0)
    ((text, kwargs),) = said
    assert 'fewer than 2 people of the gallery show the classes [1]' in text
    assert kwargs['level'] == logging.WARNING
    calls = drawn(anonymizer)
    anonymizer(torch.randn(5, 1, 16, 20, 3))
    assert all((anonymizer.labels[donors] == 2).all() for donors in calls)


def test_donors_that_run_out_are_an_error(make):
    data = annotations(n_subjects=2, n_actions=1, trials=2)  # one clip a person in the gallery
    anonymizer = make(data=data)
    x = data['annotations'][0]['keypoint']
    with pytest.raises(ValueError, match='no class of the gallery has clips of k=2 people left'):
        anonymize_keypoints(x, anonymizer, dict(layout=LAYOUT))


def test_a_gallery_of_too_few_people_is_refused(make):
    with pytest.raises(
        ValueError,
        match=r'data.pkl: KSameAnonymizer with k=2 needs 2 different people who show the same action, the gallery has 1 subject\(s\)',
    ):
        make(data=annotations(n_subjects=1))
    with pytest.raises(ValueError, match='k=5 needs 5 different people.* at most 4 of them'):
        make(k=5)


def test_two_persons_follow_one_path_and_absent_frames_stay_absent(make):
    anonymizer = make(2, seed=0)
    x = torch.randn(1, 2, 40, 20, 3)
    x[:, :, :7] = 0
    x[:, 1, 5:30] = 0
    x[:, 0, 20:22] = 0
    x[:, :, 35:] = 0
    x[:, 0, 10, 3] = 0  # an absent joint
    out = anonymizer(x)
    assert torch.equal(out.any(-1), x.any(-1))
    present = x[0].any(-1).all(-1)
    assert_canonical(out[0][present], anonymizer)
    assert not anonymizer(0 * x).any()
    # Both persons of the made-up data move alike, so one common path gives them one movement.
    data = annotations(persons=2)
    both = says(make(2, data=data, keep_orientation=False), 0)
    moved = both(torch.randn(1, 2, 30, 20, 3))
    torch.testing.assert_close(moved[:, 0], moved[:, 1], atol=1e-5, rtol=0)


def test_a_person_whom_the_clip_lacks_does_not_matter(make):
    data = annotations(persons=2)
    rng = np.random.default_rng(0)
    for sample in data['annotations']:
        sample['keypoint'][1] = rng.normal(size=sample['keypoint'][1].shape)
    anonymizer = says(make(2, data=data, seed=0), 0)
    x = torch.from_numpy(annotations()['annotations'][3]['keypoint'])[None] - 2
    x = torch.cat([x, torch.zeros_like(x)], 1)
    one = says(
        make(
            1,
            data={
                **data,
                'annotations': [{**s, 'keypoint': s['keypoint'][:1]} for s in data['annotations']],
            },
        ),
        0,
    )
    anonymizer._draw = one._draw = lambda *args: [0, 6]
    out = anonymizer(x)
    assert not out[:, 1].any()
    torch.testing.assert_close(out[:, :1], one(x[:, :1]), atol=1e-4, rtol=0)


def test_a_gallery_file_gives_what_the_population_gives(make, tmp_path):
    direct = make(k=4)
    population = dict(ann_file=str(tmp_path / 'data.pkl'), split='train')
    clips = population_clips(population, LAYOUT, 'a test')
    save_gallery(clips.gallery(1), tmp_path / 'gallery.pth', LAYOUT)
    loaded = make(k=4, gallery=str(tmp_path / 'gallery.pth'))
    # All four people are donors, and their trials differ by noise alone.
    x = torch.randn(1, 1, 1, 20, 3).expand(1, 1, 25, 20, 3)
    difference = says(direct, 2)(x) - says(loaded, 2)(x)
    assert difference.norm(dim=-1).mean() < 0.05
    assert torch.equal(loaded.lengths, direct.lengths)
    assert not loaded._numbers


def test_a_checkpoint_holds_no_motion_of_anybody(make):
    anonymizer = make()
    assert not anonymizer.state_dict() and not list(anonymizer.parameters())
    copied = copy.deepcopy(anonymizer).double()
    assert copied.directions.dtype == torch.float64 and copied(torch.randn(1, 1, 9, 20, 3)).any()


def test_gradients_stop(make):
    x = torch.randn(1, 1, 16, 20, 3, requires_grad=True)
    assert not make()(x).requires_grad


def unsure(anonymizer, label, least):
    """Let the recognizer say a class with a probability of 91 %, where so much is wanted."""
    assert anonymizer.unknown_share
    anonymizer.least_confidence = least
    return says(anonymizer, label)


def test_that_share_of_the_population_counts_as_unknown(make, tmp_path):
    for share in (0.25, 0.5):
        anonymizer = make(k=3, unknown_share=share)
        population = dict(ann_file=str(tmp_path / 'data.pkl'), split='train')
        clips = population_clips(population, LAYOUT, 'a test')
        scores = torch.cat(
            [anonymizer.read_actions(torch.from_numpy(clips[i])[None]) for i in range(24)]
        )
        assert int((~anonymizer.knows(scores)).sum()) == 24 * share
    assert make(k=3).knows(scores * math.nan).all()


def test_an_unknown_action_gets_donors_of_each_part_and_nobody_lends_to_themselves(make):
    data = annotations()
    anonymizer = unsure(make(k=3, data=data, unknown_share=0.1), 1, 0.95)
    parts, classes = drawn(anonymizer, '_by_parts'), drawn(anonymizer)
    for sample in data['annotations'][::7]:
        clip = sample['keypoint'] - sample['keypoint'].mean((0, 1, 2))
        x = torch.from_numpy(clip)[None]
        assert_canonical(anonymizer(x, subjects=[sample['subject']]), anonymizer)
        donors, positions, lent = parts[-1]
        assert len(donors) == len(positions) == len(lent) == 5 * 3
        assert (lent.sum(0) == 3).all()  # each bone comes from three clips
        people = anonymizer.subjects[donors].view(5, 3)
        assert all(len(set(row)) == 3 for row in people.tolist())
        assert list(anonymizer._numbers).index(sample['subject']) not in people
    assert len(parts) == 7 and not classes
    with pytest.raises(ValueError, match='needs the subject of each of the 1 clips, found None'):
        anonymizer(x)
    assert len(set(anonymizer.labels[donors].tolist())) > 1  # whatever they show
    anonymizer.k = 4  # as many as there are people: all others
    anonymizer(x, subjects=[sample['subject']])
    assert len(parts[-1][0]) == 5 * 3


def test_actions_that_are_known_get_donors_as_ever(make):
    x, subjects = torch.randn(3, 1, 9, 20, 3), [1, 2, 'somebody']
    plain = says(make(k=3, seed=5), 1)(x)
    anonymizer = unsure(make(k=3, seed=5, unknown_share=0.1), 1, 0.6)
    parts = drawn(anonymizer, '_by_parts')
    torch.testing.assert_close(anonymizer(x, subjects=subjects), plain, rtol=0, atol=0)
    assert not parts
    anonymizer.least_confidence = 0.95
    assert not torch.allclose(anonymizer(x, subjects=subjects), plain, atol=0.01)
    assert len(parts) == 3


def test_movements_of_two_actions_at_once_come_from_both(make):
    """An action that the gallery does not have: the left arm of one, the right arm of another."""
    rng = np.random.default_rng(0)
    body, samples = rng.normal(scale=0.3, size=(20, 3)), []
    left, right = [5, 6, 7], [9, 10, 11]

    def clip(*arms):
        swing = np.sin(np.linspace(0, 2 * np.pi, 30))[:, None, None] * [0.0, 0.0, 0.3]
        moved = np.repeat(body[None], 30, 0) + rng.normal(scale=0.002, size=(30, 20, 3))
        for arm in arms:
            moved[:, arm] += swing
        return moved[None].astype(np.float32) + 2

    for subject in range(1, 6):
        for label, arms in enumerate(([left], [right], [])):
            samples.append(
                dict(
                    frame_dir=f'a{label}_s{subject}',
                    **dict(label=label, subject=subject, total_frames=30, keypoint=clip(*arms)),
                )
            )
    data = dict(split=dict(train=[s['frame_dir'] for s in samples]), annotations=samples)
    normalization = dict(layout=LAYOUT)
    both = clip(left, right)

    def swings(keypoint):
        return [float(np.ptp(keypoint[0, :, arm, 2], axis=1).mean()) for arm in (left, right)]

    for least, expected in ((0.95, (True, True)), (0.0, (True, False))):
        anonymizer = unsure(make(k=4, data=data, unknown_share=0.1), 0, least)
        made = anonymize_keypoints(both, anonymizer, normalization, subject='somebody')
        still = swings(clip())
        moves = tuple(bool(m > 0.2 > s) for m, s in zip(swings(made), still, strict=True))
        assert moves == expected


@pytest.mark.parametrize('frames', [1, 2, 30])
def test_unknown_actions_of_two_persons_at_any_length(make, frames):
    anonymizer = unsure(make(2, k=3, unknown_share=0.1), 1, 0.95)
    x = torch.randn(3, 2, frames, 20, 3)
    x[1, 1] = 0
    x[2, :, 0] = 0
    out = anonymizer(x, subjects=[1, 2, 3])
    assert not out[1, 1].any() and not out[2, :, 0].any() and out.isfinite().all()
    assert_canonical(out[0], anonymizer)


def test_mistakes(make, tmp_path):
    for wrong, words in (
        (dict(k=1), 'k must be an integer of at least 2, found 1'),
        (dict(k=2.0), 'k must be an integer of at least 2, found 2.0'),
        (dict(band=-1), 'band must be an integer of at least 0, found -1'),
        (dict(penalty=-0.1), 'penalty must be a finite number >= 0, found -0.1'),
        (dict(smoothing=float('nan')), 'smoothing must be a finite number >= 0, found nan'),
        (dict(warp_noise=float('inf')), 'warp_noise must be a finite number >= 0, found inf'),
        (dict(unknown_share=1.0), r'unknown_share must be in \[0, 1\), found 1.0'),
        (
            dict(unknown_share=0.5, data=annotations(2)),
            'unknown_share needs 3 people, .* the gallery has 2: choose',
        ),
        (dict(population=None), 'needs a population or a gallery, one of them'),
        (dict(checkpoint=False), 'the recognizer has no checkpoint'),
        (dict(head=privacy_head()), "reads the private attribute 'subject'"),
        (dict(head=action_head(2)), 'a clip of class 2, the recognizer tells 2 classes apart'),
        (dict(layout='coco'), "three-dimensional skeletons, found the layout 'coco'"),
    ):
        with pytest.raises(ValueError, match=words):
            make(**wrong)
    with pytest.raises(KeyError, match='kinect_v9'):
        make(layout='kinect_v9')
    data = annotations()
    for sample in data['annotations']:
        del sample['subject']
    with pytest.raises(ValueError, match='data.pkl: clip 0 of the gallery has no subject'):
        make(data=data)
    rotated = dict(ann_file=str(tmp_path / 'data.pkl'), rotate=False)
    with pytest.raises(ValueError, match='has rotate=False, but motions can only be mixed upright'):
        make(population=rotated)
