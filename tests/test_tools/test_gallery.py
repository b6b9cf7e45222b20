# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What tools/gallery.py writes, and that tools/anonymize.py can use it in place of the annotations."""

import copy

import pytest
import torch
from builders import LAYOUT, action_head, annotations, tiny_model, tiny_net

from mmskanon.io import load_annotations
from mmskanon.skeletons.gallery import load_gallery


@pytest.fixture
def k_same(config, ann_file, checkpoint, tmp_path):
    """Config of a k-same anonymizer with a recognizer of random weights."""
    net = tiny_net(action_head(3))
    checkpoint('recognizer.pth', copy.deepcopy(net))
    anonymizer = dict(
        type='KSameAnonymizer',
        k=3,
        recognizer=dict(net=net, checkpoint=str(tmp_path / 'recognizer.pth')),
        population=dict(ann_file=str(ann_file), split='train'),
        layout=LAYOUT,
        num_person=1,
    )
    return config(ann_file, model=tiny_model(anonymizer=anonymizer, recognizer=dict(net=net)))


def test_a_gallery_takes_the_place_of_the_annotations(tool, k_same, ann_file, tmp_path):
    made = tmp_path / 'gallery.pth'
    done = tool('gallery', k_same, made)
    assert done.code == 0, done.err
    assert done.out == f'wrote 24 clips of 4 subjects to {made}\n'
    options = f'--cfg-options model.anonymizer.gallery={made} model.anonymizer.population=None'
    results = []
    for name in ('a.pkl', 'b.pkl'):
        arguments = ['none', ann_file, tmp_path / name, '--seed', '7', *options.split()]
        done = tool('anonymize', k_same, *arguments)
        assert done.code == 0, done.err
        results.append([s['keypoint'] for s in load_annotations(tmp_path / name)['annotations']])
    before = [s['keypoint'] for s in annotations()['annotations']]
    for a, b, source in zip(*results, before, strict=True):
        assert (a == b).all() and a.shape == source.shape and abs(a - source).max() > 1e-3


def test_annotations_and_split_can_be_named(tool, k_same, save, tmp_path):
    other = save(annotations(n_subjects=2, trials=6), 'other.pkl')
    done = tool(*('gallery', k_same, tmp_path / 'g.pth', '--annotations', other, '--split', 'test'))
    assert done.code == 0, done.err
    gallery = load_gallery(tmp_path / 'g.pth', LAYOUT, 1)
    assert (len(gallery), gallery.num_subjects) == (18, 2)
    again = tool('gallery', k_same, tmp_path / 'g.pth')
    assert again.code == 1 and 'exists already' in again.err
    assert tool('gallery', k_same, tmp_path / 'g.pth', '--overwrite').code == 0
    assert len(torch.load(tmp_path / 'g.pth', weights_only=True)['labels']) == 24


def test_mistakes_are_told_in_a_sentence(tool, config, k_same, ann_file, tmp_path):
    done = tool('gallery', config(ann_file, 'resnet.py'), tmp_path / 'g.pth')
    assert done.code == 1
    assert 'has the anonymizer ResNetAnonymizer; give that of a KSameAnonymizer' in done.err
    done = tool('gallery', k_same, tmp_path / 'g.pth', '--annotations', 'absent.pkl')
    assert (
        done.code == 1 and "annotation file 'absent.pkl' of the population is not there" in done.err
    )
    assert not (tmp_path / 'g.pth').exists()
