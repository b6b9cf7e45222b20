# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
from itertools import product

import pytest
from builders import annotations
from hypothesis import given
from hypothesis import strategies as st

from mmskanon.datasets.schema import complete_annotations, take_key
from mmskanon.datasets.splits import sample_name, select_split, train_counterpart


def ntu(
    subjects=(1, 2, 3, 4), actions=(1, 2, 3), cameras=(1, 2, 3), replications=(1, 2)
) -> list[dict]:
    samples = [
        {'frame_dir': f'S001C{c:03d}P{p:03d}R{r:03d}A{a:03d}', 'label': a - 1}
        for c, p, r, a in product(cameras, subjects, replications, actions)
    ]
    complete_annotations(samples)
    return samples


def chosen(data, split) -> list[dict]:
    samples = data['annotations'] if isinstance(data, dict) else data
    return [samples[i] for i in select_split(data, split)]


def test_split_by_name_keeps_the_order_of_the_file():
    data = annotations()
    data['split']['train'].reverse()
    names = [s['frame_dir'] for s in chosen(data, 'train')]
    assert set(names) == set(data['split']['train'])
    assert names == [s['frame_dir'] for s in data['annotations'] if s['trial'] <= 2]


def test_split_by_filename_as_in_stock_files():
    data = {'split': {'train': ['b']}, 'annotations': [{'filename': 'a'}, {'filename': 'b'}]}
    assert select_split(data, 'train') == [1]
    assert sample_name({'filename': 'a', 'frame_dir': 'x'}) == 'a'


def test_no_split_means_all_samples():
    assert select_split(annotations(), None) == list(range(48))
    assert select_split(ntu(), None) == list(range(72))


@given(st.sampled_from(['subject', 'camera', 'replication', 'label']), st.data())
def test_a_rule_and_its_complement_are_a_partition(key, data):
    samples = ntu()
    there = sorted({s[key] for s in samples})
    values = data.draw(
        st.lists(st.sampled_from(there), min_size=1, max_size=len(there) - 1, unique=True)
    )
    rule = dict(by=key, values=values)
    inside, outside = select_split(samples, rule), select_split(samples, dict(rule, exclude=True))
    assert sorted(inside + outside) == list(range(len(samples)))
    assert all(samples[i][key] in values for i in inside)


def test_a_rule_can_narrow_a_split_down():
    some = chosen(annotations(), dict(by='subject', values=[1, 3], of='train'))
    train = chosen(annotations(), 'train')
    names = [s['frame_dir'] for s in train if s['subject'] in (1, 3)]
    assert [s['frame_dir'] for s in some] == names and 0 < len(some) < len(train)
    nested = dict(by='label', values=[0], exclude=True, of=dict(by='subject', values=2, of='test'))
    assert {(s['subject'], s['label'] > 0) for s in chosen(annotations(), nested)} == {(2, True)}
    with pytest.raises(ValueError, match=r'the subject values found are \[2\]'):
        chosen(annotations(), dict(by='subject', values=1, of=dict(by='subject', values=2)))


def test_trial_and_replication_stand_in_for_each_other():
    assert {s['replication'] for s in chosen(ntu(), dict(by='trial', values=2))} == {2}
    assert {s['trial'] for s in chosen(annotations(), dict(by='replication', values=[1, 3]))} == {
        1,
        3,
    }


def test_xrep_parts_share_no_take_and_both_hold_every_subject_and_action():
    samples = ntu(actions=range(1, 8), subjects=range(1, 6))
    train, test = (chosen(samples, dict(rule='xrep', part=p)) for p in ('train', 'test'))
    assert len(train) + len(test) == len(samples)
    assert not {take_key(s) for s in train} & {take_key(s) for s in test}
    for part in (train, test):
        assert {s['subject'] for s in part} == {1, 2, 3, 4, 5}
        assert {s['label'] for s in part} == set(range(7))
        # No action is seen in one replication only.
        assert {(s['replication'], s['label'] % 2) for s in part} == set(product((1, 2), (0, 1)))


@pytest.mark.parametrize(
    ('name', 'part'),
    [
        ('S001C001P001R001A001', 'test'),
        ('S001C001P001R002A001', 'train'),
        ('S001C002P002R001A001', 'train'),
        ('S001C002P002R002A002', 'train'),
        ('S001C003P003R002A002', 'test'),
    ],
)
def test_xrep_is_the_published_rule(name, part):
    sample = {'frame_dir': name, 'label': int(name[-3:]) - 1}
    complete_annotations([sample])
    other = {'train': 'test', 'test': 'train'}[part]
    assert select_split([sample], dict(rule='xrep', part=part)) == [0]
    with pytest.raises(ValueError, match='holds no sample of 1'):
        select_split([sample], dict(rule='xrep', part=other))


def test_xrep_without_ntu_names_counts_the_label_from_one():
    samples = [{'frame_dir': 'a', 'label': 0, 'subject': 1, 'trial': 2}]
    assert select_split(samples, dict(rule='xrep', part='train')) == [0]


@pytest.mark.parametrize(
    ('split', 'error', 'message'),
    [
        ('val', KeyError, 'no split .*val.*: choose one of .*test.*train'),
        ('nothing', ValueError, "'nothing' is empty: none of its 0 names"),
        ('strangers', ValueError, "'strangers' is empty: none of its 1 names"),
        (
            dict(by='subject', values=[9]),
            ValueError,
            r'the subject values found are \[1, 2, 3, 4\]',
        ),
        (dict(by='subject', values=['1']), ValueError, r'found are \[1, 2, 3, 4\]'),
        (
            dict(by='subject', values=['1', '2'], exclude=True),
            ValueError,
            r"names '[12]': the subject values found are \[1, 2, 3, 4\], all integers",
        ),
        (dict(by='gender', values=['f']), ValueError, "sample 'a1_s1_t1' has no 'gender'"),
        (dict(by='subject'), ValueError, 'is not a rule: use'),
        (dict(by='subject', values=[1], invert=True), ValueError, 'is not a rule'),
        (dict(rule='xsub', part='train'), ValueError, 'is not a rule'),
        (dict(rule='xrep', part='val'), ValueError, 'is not a rule'),
        (5, TypeError, 'found int 5'),
    ],
)
def test_faulty_splits_are_refused(split, error, message):
    data = annotations()
    data['split'].update(nothing=[], strangers=['x'])
    with pytest.raises(error, match=message):
        select_split(data, split)


def test_a_name_without_splits_and_a_file_without_samples_are_refused():
    with pytest.raises(KeyError, match='have no splits: use a rule'):
        select_split(annotations()['annotations'], 'train')
    with pytest.raises(ValueError, match='no sample at all'):
        select_split({'annotations': []}, None)


def test_xrep_takes_names_by_their_ranks():
    samples = annotations()['annotations']
    rule = dict(rule='xrep', part='train')
    expected = select_split(samples, rule)
    for sample in samples:
        sample.update(subject=f'P{sample["subject"]:02d}', trial='abcd'[sample['trial'] - 1])
    assert select_split(samples, rule) == expected


@pytest.mark.parametrize(
    ('split', 'train'),
    [
        ('xsub_val', 'xsub_train'),
        ('test', 'train'),
        ('val', 'train'),
        ('train', None),
        ('xset_val', None),
        ('interval', None),
    ],
)
def test_train_counterpart(split, train):
    assert (
        train_counterpart(['xsub_train', 'xsub_val', 'train', 'test', 'intertrain'], split) == train
    )


@given(
    st.sets(st.integers(1, 12), min_size=2, max_size=5),
    st.integers(1, 5),
    st.integers(2, 4),
)
def test_holdout_parts_are_a_partition_without_common_takes(subjects, actions, takes):
    samples = ntu(tuple(subjects), tuple(range(1, actions + 1)), (1, 2), tuple(range(1, takes + 1)))
    train, val = (chosen(samples, dict(rule='holdout', part=p)) for p in ('train', 'val'))
    assert len(train) + len(val) == len(samples)
    assert not {take_key(s) for s in train} & {take_key(s) for s in val}
    for key in ('subject', 'label'):
        assert {s[key] for s in train} == {s[key] for s in samples}
    # The last take of every other pair of subject and action, by both cameras.
    assert {s['replication'] for s in val} == {takes}
    pairs = [(s['subject'], s['label']) for s in val]
    assert abs(len(val) - len(subjects) * actions) <= max(len(subjects), actions)
    assert all(pairs.count(pair) == 2 for pair in pairs)
    assert {s['subject'] for s in val} == set(subjects) or actions == 1


def test_holdout_goes_by_the_take_where_trials_are_counted_otherwise():
    samples = ntu()
    for number, sample in enumerate(samples):  # each view has a number of its own
        sample['trial'] = number
    train, val = (chosen(samples, dict(rule='holdout', part=p)) for p in ('train', 'val'))
    assert train and val and not {take_key(s) for s in train} & {take_key(s) for s in val}


def test_holdout_of_a_split_leaves_the_others_alone():
    data = annotations()
    for part in ('train', 'val'):
        names = {s['frame_dir'] for s in chosen(data, dict(rule='holdout', part=part, of='train'))}
        assert names <= set(data['split']['train'])
    once = ntu(replications=(1,))
    assert len(chosen(once, dict(rule='holdout', part='train'))) == len(once)
    with pytest.raises(ValueError, match='nobody was filmed twice in one action'):
        select_split(once, dict(rule='holdout', part='val'))
    with pytest.raises(ValueError, match='is not a rule'):
        select_split(once, dict(rule='holdout', part='test'))
