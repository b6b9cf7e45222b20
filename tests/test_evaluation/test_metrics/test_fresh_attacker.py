# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from builders import LAYOUT, annotations
from mmaction.structures import ActionDataSample

from mmskanon.evaluation import FreshAttacker
from mmskanon.io import atomic_pickle

SPLITS = dict(learn='train', tried='test')
CHEAP = dict(bones=dict(type='Anthropometrics', classifier='lda'))


@pytest.fixture
def data(tmp_path):
    """Six people of different size, three actions, four trials."""
    made = annotations(n_subjects=6)
    path = tmp_path / 'data.pkl'
    atomic_pickle(made, path)
    return str(path), made['annotations']


def predictions(samples, clip=lambda sample: sample['keypoint'], recognized=lambda label: label):
    made = []
    for sample in samples:
        out = ActionDataSample(metainfo=dict(frame_dir=sample['frame_dir']))
        out.set_gt_label(sample['label'])
        out.set_pred_label(recognized(sample['label']))
        out.gt_private = dict(subject=sample['subject'] - 1)
        out.anonymized = torch.from_numpy(np.ascontiguousarray(clip(sample)))[None]
        made.append(out)
    return made


def metric(file, **kwargs):
    options = dict(ann_file=file, layout=LAYOUT, num_person=1, attackers=CHEAP)
    return FreshAttacker(**{**options, **SPLITS, **kwargs})


def test_who_is_recognizable_is_found_and_who_is_not_is_not(data, evaluate):
    file, samples = data
    found = evaluate(metric(file), predictions(samples))
    assert found['fresh/bones'] == found['fresh/strongest'] == 1
    assert found['fresh/action'] == 1 and found['fresh/cost'] == 1
    rng = np.random.default_rng(0)
    noise = predictions(samples, lambda s: rng.normal(size=s['keypoint'].shape).astype(np.float32))
    assert evaluate(metric(file), noise)['fresh/strongest'] < 0.45


def test_the_strongest_attacker_and_lost_actions_count(data, evaluate):
    file, samples = data
    attackers = dict(label=dict(type='ContentBaseline'), **CHEAP)
    found = evaluate(
        metric(file, attackers=attackers, action_floor=0.9),
        predictions(samples, recognized=lambda y: 0),
    )
    assert found['fresh/label'] < found['fresh/bones'] == found['fresh/strongest']
    assert found['fresh/action'] == pytest.approx(1 / 3)
    assert found['fresh/cost'] == pytest.approx(found['fresh/strongest'] + 0.9 - 1 / 3)


def test_only_the_clips_of_the_splits_are_used(data, evaluate):
    """Trial 1 is learned from and trial 2 tried: wrong people in the others change nothing."""
    file, samples = data
    made = predictions(samples)
    for sample, out in zip(samples, made, strict=True):
        if sample['trial'] > 2:
            out.gt_private = dict(subject=0)
    parts = dict(learn=dict(by='trial', values=1), tried=dict(by='trial', values=2))
    assert evaluate(metric(file, **parts), made)['fresh/strongest'] == 1


def test_faults_are_named(data, evaluate):
    file, samples = data
    with pytest.raises(ValueError, match='is in both splits'):
        metric(file, tried='train')
    made = predictions(samples)
    del made[0].anonymized
    with pytest.raises(ValueError, match='FreshAttacker needs .*predict_skeletons=True'):
        evaluate(metric(file), made)
    made = predictions(samples)
    del made[0].pred_label
    with pytest.raises(ValueError, match="'pred_label'.*the recognizer of the model gives it"):
        evaluate(metric(file), made)
    half = [s for s in samples if s['trial'] < 3]
    with pytest.raises(ValueError, match="no clip of the split 'tried'"):
        evaluate(metric(file), predictions(half))
