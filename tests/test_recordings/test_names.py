# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""New names: a bijection that depends on the key and the set of names alone, legal for readers, and telling nothing but the action."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.datasets.converters.etri.recordings import parse_name as parse_etri
from mmskanon.datasets.converters.ntu.names import sample_facts
from mmskanon.datasets.converters.utd_mhad_files import parse_name as parse_utd
from mmskanon.recordings import FORMATS
from mmskanon.release import Pseudonyms

KEY = Pseudonyms(b'sixteen bytes or more')
ACTIONS = dict(ntu=120, etri=55, utd_mhad=27)
READERS = dict(
    ntu=lambda name: sample_facts(name.removesuffix('.skeleton'), name),
    etri=lambda name: parse_etri(name, name),
    utd_mhad=lambda name: parse_utd(name, name),
)


@st.composite
def collections(draw):
    """A format, names of a collection with few actions and subjects, some of them foreign, and fields to keep."""
    format = FORMATS[draw(st.sampled_from(sorted(ACTIONS)))]
    fields = {'action': min(3, ACTIONS[format.name]), **format.fields}
    numbers = st.fixed_dictionaries({f: st.integers(1, most) for f, most in fields.items()})
    found = draw(st.lists(numbers, max_size=25, unique_by=lambda n: tuple(sorted(n.items()))))
    names = [f'{draw(st.sampled_from(["", "p/"]))}{format.file_name(n)}' for n in found]
    foreign = st.text('abcxyz', min_size=1, max_size=5).map(lambda text: text + format.suffix)
    names += draw(st.lists(foreign, max_size=3, unique=True))
    keep = draw(st.sets(st.sampled_from([*format.fields, 'label'])))
    return format, draw(st.permutations(names)), keep


@settings(max_examples=60, deadline=None)
@given(collection=collections(), data=st.data())
def test_names_are_a_bijection_that_readers_understand(collection, data):
    format, names, keep = collection
    made = format.release_names(names, keep, KEY)
    assert list(made) == names and len(set(made.values())) == len(names)
    assert made == format.release_names(data.draw(st.permutations(names)), keep, KEY)
    subjects = {format.facts(n)['subject'] for n in names} - {None}
    to = {}
    for name in names:
        old, new = format.facts(name), format.facts(made[name])
        assert new['label'] == old['label']
        if old['label'] is None:
            assert re.fullmatch(rf'[0-9a-f]{{20}}\{format.suffix}', made[name])
            continue
        READERS[format.name](made[name])
        for field in keep - {'subject'}:
            assert new[field] == old[field]
        if 'subject' in keep:
            assert to.setdefault(old['subject'], new['subject']) == new['subject']
    if 'subject' in keep:
        assert sorted(to.values()) == list(range(1, len(subjects) + 1))


def grid(subjects=8, trials=4, actions=(1, 2)):
    return [
        f'a{a}_s{s}_t{t}_skeleton.mat'
        for a in actions
        for s in range(1, subjects + 1)
        for t in range(1, trials + 1)
    ]


def test_a_running_number_tells_the_order_of_the_pseudonyms_and_nothing_else():
    utd = FORMATS['utd_mhad']
    made = utd.release_names(grid(), (), KEY)
    assert sorted(made.values()) == sorted(grid())
    for action in (1, 2):
        names = [name for name in grid() if name.startswith(f'a{action}_')]
        names.sort(key=lambda name: KEY.of(name.removesuffix('_skeleton.mat')))
        numbers = [(s, t) for s in range(1, 9) for t in range(1, 5)]
        assert [made[name] for name in names] == [
            f'a{action}_s{s}_t{t}_skeleton.mat' for s, t in numbers
        ]
    assert made != utd.release_names(grid(), (), Pseudonyms(b'another key of that length'))
    few = utd.release_names(grid(2, 3, (5,)), (), KEY)
    assert sorted(few.values()) == [f'a5_s{1 + k // 4}_t{1 + k % 4}_skeleton.mat' for k in range(6)]


def test_a_kept_subject_is_a_rank_that_does_not_follow_the_originals():
    utd = FORMATS['utd_mhad']
    made = utd.release_names(grid(), ('subject', 'action'), KEY)
    ranks = {utd.facts(old)['subject']: utd.facts(new)['subject'] for old, new in made.items()}
    by_pseudonym = sorted(range(1, 9), key=lambda subject: KEY.of(subject, 'subject'))
    assert [ranks[subject] for subject in by_pseudonym] == list(range(1, 9))
    assert by_pseudonym != sorted(by_pseudonym)
    trials = {(old, new) for old, new in zip(grid(), made.values(), strict=True)}
    assert any(old[-14] != new[-14] for old, new in trials)


def test_ntu_60_stays_ntu_60():
    """Its converter tells the data sets apart by setup and action, and so do standard splits."""
    ntu = FORMATS['ntu']
    names = [
        f'S{1 + p // 3:03d}C{c:03d}P{p:03d}R{r:03d}A060.skeleton'
        for p in range(1, 41)
        for c in (1, 2, 3)
        for r in (1, 2)
    ]
    made = ntu.release_names(names, (), KEY).values()
    assert sorted(made) == [
        f'S001C{c:03d}P{p:03d}R{r:03d}A060.skeleton'
        for c in (1, 2, 3)
        for p in range(1, 41)
        for r in (1, 2)
    ]
    most = [f'S{s:03d}{name[4:]}' for name in names for s in range(1, 18)]
    assert max(ntu.release_names(most, (), KEY).values())[:4] == 'S017'
    names.append('S018C001P041R001A060.skeleton')
    assert max(ntu.facts(n)['subject'] for n in ntu.release_names(names, (), KEY).values()) == 41


def test_the_folder_of_a_file_does_not_count_but_for_names_without_pattern():
    utd, npy = FORMATS['utd_mhad'], FORMATS['npy']
    there = utd.release_names([f'Skeleton/{name}' for name in grid()], (), KEY)
    assert list(there.values()) == list(utd.release_names(grid(), (), KEY).values())
    made = npy.release_names(['alice/1.npy', 'bob/1.npy', '1.npy'], (), KEY)
    assert made == {n: KEY.of(n.removesuffix('.npy')) + '.npy' for n in made} and len(made) == 3


def test_what_cannot_be_named_is_said():
    with pytest.raises(
        ValueError, match="'camera' cannot be kept: names of utd_mhad .* have trial"
    ):
        FORMATS['utd_mhad'].release_names(grid(), ['camera'], KEY)
    with pytest.raises(ValueError, match="'subject' cannot be kept: .* have no fields"):
        FORMATS['npz'].release_names(['a.npz'], ['subject'], KEY)
    twice = ['x/A001P002G003C004.csv', 'y/A001_P002_G003_C004.csv']
    with pytest.raises(ValueError, match='y/.* repeats A001_P002_G003_C004, found already as x/'):
        FORMATS['etri'].release_names(twice, (), KEY)
