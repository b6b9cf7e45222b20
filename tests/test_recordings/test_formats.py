# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest

from mmskanon.recordings import FORMATS, detect_format
from mmskanon.skeletons import get_layout

ONE_OF_EACH = dict(
    ntu='a/S001C002P003R002A013.skeleton',
    etri='A001_P001_G001_C001.csv',
    utd_mhad='a1_s1_t1_skeleton.mat',
    npy='clip.npy',
    npz='clip.npz',
)


@pytest.mark.parametrize('name', FORMATS)
def test_a_format_is_found_among_files_of_none(name):
    files = [
        ONE_OF_EACH[name],
        'gender_age.txt',
        'a/README',
        'a/._1.' + name,
        f'a/._1{FORMATS[name].suffix}',
    ]
    format = FORMATS[name]
    assert detect_format(files) is detect_format(files, name) is format
    assert [f for f in files if format.matches(f)] == files[:1]
    assert format.facts(files[0])['frame_dir'] in files[0]
    assert detect_format([*ONE_OF_EACH.values()], name) is format
    if format.layout is not None:
        assert get_layout(format.layout).name == format.layout


def test_mixed_missing_and_unknown_are_told_with_what_was_found():
    with pytest.raises(
        ValueError, match=r'of one format, found 2 of ntu \(\*.skeleton\), 1 of npy'
    ):
        detect_format(['1.skeleton', '2.skeleton', '1.npy', 'x.txt'])
    with pytest.raises(
        ValueError, match=r'named \*.skeleton \(ntu\), .*found 2 with .txt, 1 with no suffix'
    ):
        detect_format(['a.txt', 'b.txt', 'README'])
    with pytest.raises(ValueError, match=r'named \*.csv \(etri\), found 1 with .npy'):
        detect_format(['a.npy'], 'etri')
    with pytest.raises(ValueError, match='found no file'):
        detect_format([])
    with pytest.raises(ValueError, match="unknown format 'c3d'; choose from ntu, etri"):
        detect_format(['a.npy'], 'c3d')


@pytest.mark.parametrize(
    ('form', 'name'),
    [
        ('ntu', 'S001C002P003R002A013.skeleton'),
        ('etri', 'A013_P003_G001_C001.csv'),
        ('utd_mhad', 'a13_s3_t1_skeleton.mat'),
    ],
)
def test_the_case_of_a_suffix_does_not_hide_who_it_is(form, name):
    stem, dot, suffix = name.rpartition('.')
    facts = FORMATS[form].facts(stem + dot + suffix.upper())
    assert facts == FORMATS[form].facts(name) and facts['subject'] == 3
