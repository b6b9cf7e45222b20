# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
from builders import annotations

from mmskanon.release import FieldPolicy, Pseudonyms, rows_of

PSEUDONYMS = Pseudonyms(b'sixteen bytes or more')


def with_extras() -> dict:
    data = annotations(n_subjects=2, n_actions=2, trials=2)
    data['meta'] = dict(operator='Alice')
    for number, sample in enumerate(data['annotations']):
        sample.update(
            gender='f' if sample['subject'] == 1 else 'm',
            img_shape=(480, 640),
            keypoint_score=np.ones(sample['keypoint'].shape[:3], np.float16),
            video=sample['frame_dir'],
            notes=['seen again in', {'as': data['annotations'][number - 1]['frame_dir']}],
        )
    return data


def released(data, *keep):
    policy = FieldPolicy(data, keep, PSEUDONYMS)
    made = policy.release_file(data, [policy.release(s) for s in data['annotations']])
    return made, policy


def test_only_what_is_known_to_be_harmless_stays():
    data = with_extras()
    made, policy = released(data)
    assert list(made) == ['split', 'annotations']
    for new, old in zip(made['annotations'], data['annotations'], strict=True):
        assert list(new) == [
            'frame_dir', 'label', 'keypoint', 'total_frames', 'img_shape', 'keypoint_score'
        ]  # fmt: skip
        assert new['label'] == old['label'] and new['keypoint'] is old['keypoint']
    assert policy.fates == {
        ('frame_dir', 'pseudonym'): 8,
        ('in split', 'pseudonym'): 8,
        ('keypoint', 'anonymized'): 8,
        **{(k, 'kept'): 8 for k in ('label', 'total_frames', 'img_shape', 'keypoint_score')},
        **{(k, 'dropped'): 8 for k in ('subject', 'trial', 'gender', 'video', 'notes')},
        ('meta (of the file)', 'dropped'): 1,
    }
    assert [fate for _, fate, _ in rows_of(policy.fates)][:3] == ['pseudonym'] * 2 + ['anonymized']


def test_a_name_is_the_same_pseudonym_wherever_it_stands():
    data = with_extras()
    made, _ = released(data, 'video', 'notes')
    of = {s['frame_dir']: PSEUDONYMS.of(s['frame_dir']) for s in data['annotations']}
    assert [s['frame_dir'] for s in made['annotations']] == list(of.values())
    assert [s['video'] for s in made['annotations']] == list(of.values())
    for new, old in zip(made['annotations'], data['annotations'], strict=True):
        assert new['notes'] == ['seen again in', {'as': of[old['notes'][1]['as']]}]
    for part, members in data['split'].items():
        assert made['split'][part] == [of[name] for name in members]


def test_file_names_are_names_too():
    data = with_extras()
    for sample in data['annotations']:
        sample['filename'] = f'clips/{sample["frame_dir"]}.avi'
    data['split'] = dict(train=tuple(s['filename'] for s in data['annotations']))
    made, _ = released(data)
    assert made['split']['train'] == [s['filename'] for s in made['annotations']]
    assert made['annotations'][0]['filename'] == PSEUDONYMS.of('clips/a1_s1_t1.avi')


def test_a_kept_subject_becomes_a_pseudonym_and_other_keys_stay_as_they_are():
    data = with_extras()
    del data['annotations'][0]['subject']
    data['annotations'][1]['subject'] = None
    made, _ = released(data, 'subject', 'trial', 'gender')
    assert 'subject' not in made['annotations'][0] and made['annotations'][1]['subject'] is None
    for new, old in zip(made['annotations'][2:], data['annotations'][2:], strict=True):
        assert new['subject'] == PSEUDONYMS.of(old['subject'], 'subject')
        assert (new['trial'], new['gender']) == (old['trial'], old['gender'])


@pytest.mark.parametrize(
    'change', [dict(img_shape='Alice'), dict(img_shape=list(range(9))), dict(original_shape=None)]
)
def test_a_harmless_key_must_hold_what_it_should(change):
    data = with_extras()
    data['annotations'][0].update(change)
    made, policy = released(data)
    (key,) = change
    assert key not in made['annotations'][0]
    assert policy.fates[key, 'dropped'] == 1


def test_the_original_is_not_changed_and_a_list_stays_a_list():
    data = with_extras()
    before = copy.deepcopy(data)
    released(data, 'notes')
    np.testing.assert_equal(data, before)
    samples = data['annotations']
    policy = FieldPolicy(samples, (), PSEUDONYMS)
    assert policy.release_file(samples, samples) is samples


def test_a_key_that_no_sample_has_is_named():
    with pytest.raises(ValueError, match=r"--keep age: no sample has this key; .*'gender'"):
        released(with_extras(), 'age')
