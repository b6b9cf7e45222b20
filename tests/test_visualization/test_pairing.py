# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmskanon.visualization.pairing import annotation_list, find_sample, pair_samples

FILES = ('a.pkl', 'b.pkl')


def _samples(*names, mark=''):
    return [
        dict(frame_dir=n, keypoint=np.zeros((1, 2, 20, 3)), mark=f'{mark}{i}')
        for i, n in enumerate(names)
    ]


def test_annotations_come_in_a_dict_or_bare():
    samples = _samples('x')
    assert annotation_list(dict(split={}, annotations=samples), 'a.pkl') == samples
    assert annotation_list(samples, 'a.pkl') == samples


@pytest.mark.parametrize('data', [{}, [], dict(annotations=[]), dict(annotations=None)])
def test_file_without_annotations_is_refused(data):
    with pytest.raises(ValueError, match='a.pkl holds no annotations'):
        annotation_list(data, 'a.pkl')


@pytest.mark.parametrize('sample', [{}, 3])
def test_sample_without_keypoint_is_refused(sample):
    with pytest.raises(ValueError, match='a.pkl: sample 1 has no keypoint'):
        annotation_list([*_samples('x'), sample], 'a.pkl')


def test_sample_is_found_by_name_before_index():
    samples = _samples('a1_s1_t1', '0', 'a1_s1_t2')
    assert find_sample(samples, 'a1_s1_t2', 'a.pkl') == 2
    assert find_sample(samples, '0', 'a.pkl') == 1
    assert find_sample(samples, '2', 'a.pkl') == find_sample(samples, 2, 'a.pkl') == 2


@pytest.mark.parametrize(
    ('sample', 'message'),
    [
        ('a1_s1_t9', 'did you mean a1_s1_t[12]'),
        ('7', 'no sample 7: choose an index from 0 to 2'),
        ('-1', 'Indices from 0 to 2'),
        ('twice', "2 samples are named 'twice'"),
    ],
)
def test_sample_that_cannot_be_found_is_explained(sample, message):
    samples = (
        _samples('a1_s1_t1', 'a1_s1_t2', 'b') if sample != 'twice' else _samples('twice', 'twice')
    )
    with pytest.raises(ValueError, match=f'a.pkl.*{message}'):
        find_sample(samples, sample, 'a.pkl')


def test_pairs_by_name_whatever_the_order():
    pair = pair_samples(_samples('x', 'y'), _samples('z', 'y', 'x'), 'x', FILES)
    assert [s['mark'] for s in pair] == ['0', '2']


def test_pairs_by_index_where_no_name_is_shared():
    pair = pair_samples(_samples('x', 'y'), _samples('anon_0', 'anon_1', mark='b'), 'y', FILES)
    assert [s['mark'] for s in pair] == ['1', 'b1']
    bare = [dict(keypoint=np.zeros((1, 2, 20, 3)), mark=i) for i in range(3)]
    assert [s['mark'] for s in pair_samples(bare, bare, '2', FILES)] == [2, 2]


def test_a_release_is_not_paired_by_index():
    released = _samples('0123456789abcdef0123', 'fedcba9876543210fedc')
    with pytest.raises(ValueError, match='b.pkl is a release: .* made without --release'):
        pair_samples(_samples('x', 'y'), released, 'y', FILES)
    assert pair_samples(released, released[::-1], '0', FILES)[1]['mark'] == '0'


def test_files_that_do_not_belong_together_are_refused():
    with pytest.raises(
        ValueError, match='a.pkl with 2 samples and b.pkl with 1 share no frame_dir'
    ):
        pair_samples(_samples('x', 'y'), _samples('z'), 'x', FILES)


def test_sample_missing_in_the_anonymized_file_is_named():
    with pytest.raises(ValueError, match="b.pkl has no sample 'x1'.*x2"):
        pair_samples(_samples('x1', 'x2'), _samples('x2'), 'x1', FILES)
