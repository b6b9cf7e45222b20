# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Names and the splits that follow from them."""

import itertools

import pytest
from ntu_files import sample_name

from mmskanon.datasets.converters.ntu import standard_splits
from mmskanon.datasets.converters.ntu.names import (
    TRAIN_SUBJECTS_60,
    TRAIN_SUBJECTS_120,
    has_two_persons,
    is_ntu120,
    sample_facts,
)


def grid(setups, cameras, subjects, replications, actions):
    parts = (setups, cameras, subjects, replications, actions)
    return [sample_name(*numbers) for numbers in itertools.product(*parts)]


def test_facts():
    assert sample_facts('S017C003P040R002A060', 'x') == dict(
        setup=17, camera=3, subject=40, replication=2, action=60
    )


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('S001C001P001R001', 'is not named like a recording'),
        ('xS001C001P001R001A001', 'is not named like a recording'),
        ('S001C001P001R001A0011', 'is not named like a recording'),
        ('S001C004P001R001A001', 'names camera 4, expected 1 to 3'),
        ('S033C001P001R001A001', 'names setup 33'),
        ('S001C001P107R001A001', 'names subject 107'),
        ('S001C001P001R003A001', 'names replication 3'),
        ('S001C001P001R001A121', 'names action 121'),
        ('S001C001P001R001A000', 'names action 0'),
    ],
)
def test_bad_names(name, words):
    with pytest.raises(ValueError, match=words) as caught:
        sample_facts(name, f'folder/{name}.skeleton')
    assert str(caught.value).startswith(f'folder/{name}.skeleton')


def test_subjects_are_as_many_as_published():
    assert len(TRAIN_SUBJECTS_60) == 20 and len(TRAIN_SUBJECTS_120) == 53
    assert max(TRAIN_SUBJECTS_60) <= 40 and max(TRAIN_SUBJECTS_120) <= 106


def test_splits_of_60():
    names = grid([1, 2], [1, 2, 3], [1, 2, 3, 6], [1, 2], [1, 2, 50])
    splits = standard_splits(names, ntu120=False)
    assert set(splits) == {f'{a}_{b}' for a in ('xsub', 'xview', 'xrep') for b in ('train', 'val')}
    for rule in ('xsub', 'xview', 'xrep'):
        train, val = splits[f'{rule}_train'], splits[f'{rule}_val']
        assert sorted(train + val) == sorted(names)
    assert {n[9:12] for n in splits['xsub_train']} == {'001', '002'}
    assert {n[5:8] for n in splits['xview_train']} == {'002', '003'}


def test_splits_of_120():
    names = grid([18, 19], [1, 2, 3], [45, 46, 48], [1, 2], [61, 120])
    splits = standard_splits(names, ntu120=True)
    assert set(splits) == {f'{a}_{b}' for a in ('xsub', 'xset', 'xrep') for b in ('train', 'val')}
    assert {n[1:4] for n in splits['xset_train']} == {'018'}
    assert {n[9:12] for n in splits['xsub_val']} == {'048'}


def test_xrep_shares_no_take_and_has_everything_on_both_sides():
    names = grid([1], [1, 2, 3], [1, 2, 3, 4], [1, 2], range(1, 61))
    splits = standard_splits(names, ntu120=False)
    parts = [splits['xrep_train'], splits['xrep_val']]
    takes = [{n[:4] + n[8:] for n in part} for part in parts]
    assert not takes[0] & takes[1]
    for part in parts:
        assert {n[9:12] for n in part} == {'001', '002', '003', '004'}
        assert len({n[17:] for n in part}) == 60
    for name in names:
        action, subject, replication = int(name[17:]), int(name[9:12]), int(name[13:16])
        assert (name in set(parts[0])) == (action % 2 == (subject - replication) % 2)


def test_empty_splits_are_left_out():
    assert set(standard_splits(['S001C001P001R001A002'], False)) == {
        'xsub_train',
        'xview_val',
        'xrep_train',
    }
    assert 'xrep_train' not in standard_splits(['S001C001P001R001A001'], False)


def test_60_or_120():
    def of(setup, action):
        return is_ntu120([sample_facts(sample_name(setup, action=action), 'x')])

    assert not of(17, 60) and of(18, 1) and of(1, 61)


def test_actions_of_two_persons():
    assert [a for a in range(1, 121) if has_two_persons(a)] == [*range(50, 61), *range(106, 121)]
