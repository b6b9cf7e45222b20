# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Reading and pairing the files of an audit."""

import copy

import numpy as np
import pytest
from audit_recordings import recordings

from mmskanon.audit.fidelity import measure_fidelity
from mmskanon.audit.inputs import as_long_as, read_method, read_original
from mmskanon.io import atomic_pickle
from mmskanon.skeletons.resampling import resample_clip


@pytest.fixture
def method(tmp_path, stores):
    def read(data, original):
        path = tmp_path / 'anonymized.pkl'
        atomic_pickle(data, path, overwrite=True)
        return read_method('m', [str(path)], original, stores)

    return read


def test_samples_are_paired_by_name_whatever_their_order(record, method):
    data = recordings()
    original = record(data)
    shuffled = copy.deepcopy(data)
    shuffled['annotations'].reverse()
    for sample in shuffled['annotations']:
        sample['keypoint'] = sample['keypoint'] + 1
    made = method(shuffled, original)
    assert made.stores[0].names == original.store.names
    for i in (0, 5, len(original.store) - 1):
        np.testing.assert_allclose(
            made.stores[0].camera(i) - original.store.camera(i), 1, atol=1e-5
        )
    assert made.files[0]['file'] == 'anonymized.pkl' and len(made.files[0]['sha256']) == 64


def test_other_numbers_of_frames_are_read_where_asked(record, tmp_path, stores):
    data = recordings()
    original = record(data)
    shorter = copy.deepcopy(data)
    for sample in shorter['annotations']:
        sample['keypoint'] = resample_clip(sample['keypoint'], 9)
        sample['total_frames'] = 9
    path = tmp_path / 'shorter.pkl'
    atomic_pickle(shorter, path)
    with pytest.raises(ValueError, match='so set retimed=True if the method changes'):
        read_method('m', [str(path)], original, stores)
    made = read_method('m', [str(path)], original, stores, retimed=True).stores[0]
    assert (made.num_frames == 9).all()
    # The same motion at another length: compared after stretching, nothing has moved but by interpolation.
    figures = measure_fidelity(original, made, np.arange(len(original.store)))
    assert figures['mpjpe_mm'] < 1e-3 and figures['tm'] == 1
    assert as_long_as(original.store.camera(0), made.camera(0)).shape == made.camera(0).shape


def test_the_layout_is_told_by_the_joints(record):
    assert record(recordings()).store.layout.name == 'kinect_v1'


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda s: s.pop(3), r'lacks 1 of the samples of .*original.pkl \(48\), the first is'),
        (
            lambda s: s.append(dict(s[0], frame_dir='other')),
            "has besides 1 of the samples of .*, the first is 'other'",
        ),
        (
            lambda s: s[2].update(keypoint=s[2]['keypoint'][:, :5], total_frames=5),
            r'key keypoint: expected \d+ frames as in .*, found 5',
        ),
        (lambda s: s[4].update(label=2), "key 'label': expected 1 as in .*, found 2"),
        (lambda s: s[4].update(subject=9), "key 'subject': expected 1 as in .*, found 9"),
        (
            lambda s: s[1].update(keypoint=np.full_like(s[1]['keypoint'], np.nan)),
            'anonymized.pkl.*a1_s1_t2_c1.*keypoint',
        ),
        (  # whom nobody would look at
            lambda s: s[1].update(keypoint=np.concatenate([s[1]['keypoint']] * 2)),
            r"a1_s1_t2_c1', key keypoint: expected at most 1 person.s. as in .*original.pkl, found a further",
        ),
    ],
)
def test_files_that_do_not_belong_together_are_refused(record, method, change, sentence):
    data = recordings()
    original = record(data)
    changed = copy.deepcopy(data)
    del changed['split']
    change(changed['annotations'])
    with pytest.raises(ValueError, match=sentence):
        method(changed, original)


def test_persons_of_the_original_whom_attackers_do_not_look_at_are_no_fault(tmp_path, stores):
    """``num_person`` is a choice of the audit; only persons beyond those of the original are a fault of the method."""
    data = recordings()
    for sample in data['annotations']:
        sample['keypoint'] = np.concatenate([sample['keypoint']] * 2)
    path = tmp_path / 'both.pkl'
    atomic_pickle(data, path)
    original = read_original(str(path), stores, num_person=1)
    made = read_method('m', [str(path)], original, stores)
    assert made.stores[0].num_person == original.store.num_person == 1


def test_attributes_that_were_dropped_are_no_fault(record, method):
    data = recordings()
    original = record(data)
    bare = copy.deepcopy(data)
    for sample in bare['annotations']:
        del sample['subject'], sample['camera']
    assert len(method(bare, original).stores[0]) == len(original.samples)


def test_missing_values_name_the_sample(record):
    data = recordings()
    del data['annotations'][7]['subject']
    original = record(data)
    with pytest.raises(
        ValueError, match=r"1 of 48 samples have no 'subject', the first is 'a2_s1_t4_c1'"
    ):
        original.values('subject')


def test_cameras_that_film_one_performance_share_its_take(record):
    original = record(recordings(cameras=2))
    takes = original.take_numbers()
    by_name = dict(zip(original.store.names, takes, strict=True))
    assert by_name['a1_s1_t1_c1'] == by_name['a1_s1_t1_c2']
    assert len(set(takes)) == len(takes) // 2
    views = dict(zip(original.store.names, original.view_numbers(), strict=True))
    assert all(view == int(name[-1]) - 1 for name, view in views.items())


def test_takes_that_were_filmed_once_have_one_view_whatever_the_camera(record):
    data = recordings()
    for number, sample in enumerate(data['annotations']):
        sample['camera'] = number % 3
    assert not record(data).view_numbers().any()
