# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy
import pickle

import pytest
import torch
from builders import LAYOUT, action_head, annotations, privacy_head, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.apis import anonymize_keypoints
from mmskanon.models.anonymizers import ClassSubstitutionAnonymizer
from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import inverse_kinematics


@pytest.fixture
def make(tmp_path):
    """Build the anonymizer on a small annotation file and a recognizer with random weights."""

    def build(persons=1, data=None, head=None, classes=3, checkpoint=True, split='train', **kwargs):
        init_default_scope('mmskanon')
        net = tiny_net(head or action_head(classes))
        torch.manual_seed(0)
        torch.save(MODELS.build(copy.deepcopy(net)).state_dict(), tmp_path / 'net.pth')
        data = annotations(persons=persons) if data is None else data
        (tmp_path / 'data.pkl').write_bytes(pickle.dumps(data))
        return ClassSubstitutionAnonymizer(
            recognizer=dict(net=net, checkpoint=str(tmp_path / 'net.pth') if checkpoint else None),
            population=dict(ann_file=str(tmp_path / 'data.pkl'), split=split),
            layout=LAYOUT,
            num_person=persons,
            **kwargs,
        )

    return build


def says(anonymizer, classes):
    """Let the recognizer answer as told."""
    logits = torch.nn.functional.one_hot(torch.tensor(classes), 3).float()
    anonymizer.recognizer.forward = lambda skeletons: logits[: len(skeletons)]
    return anonymizer


@pytest.mark.parametrize('persons', [1, 2])
def test_the_output_depends_on_class_and_length_alone(make, persons):
    anonymizer = says(make(persons), [0, 0, 2])
    first, second = (torch.randn(3, persons, 30, 20, 3) for _ in range(2))
    out = anonymizer(first)
    assert torch.equal(out, anonymizer(second))
    assert torch.equal(out[0], out[1]) and (out[0] - out[2]).abs().max() > 0.05
    lengths = inverse_kinematics(out, LAYOUT)[2]
    expected = anonymizer.lengths.expand_as(lengths)
    torch.testing.assert_close(lengths, expected, atol=1e-5, rtol=0)


def test_at_its_own_length_it_is_the_typical_clip(make):
    anonymizer = says(make(), [1])
    assert anonymizer.frames.tolist() == [20, 20, 20]
    out = anonymizer(torch.randn(1, 1, 20, 20, 3))
    torch.testing.assert_close(out, anonymizer.clips[1][None], atol=1e-5, rtol=0)


@pytest.mark.parametrize('frames', [1, 2, 39, 77])
def test_it_is_resampled_from_end_to_end(make, frames):
    anonymizer = says(make(), [1])
    out = anonymizer(torch.randn(1, 1, frames, 20, 3))[0, 0]
    clip = anonymizer.clips[1, 0]
    torch.testing.assert_close(out[0], clip[0], atol=1e-5, rtol=0)
    if frames > 1:
        torch.testing.assert_close(out[-1], clip[-1], atol=1e-5, rtol=0)
    if frames == 39:  # every other frame is one of the clip
        torch.testing.assert_close(out[::2], clip, atol=1e-5, rtol=0)


def test_it_starts_and_ends_with_the_people(make):
    anonymizer = says(make(2), [1])
    x = torch.randn(1, 2, 40, 20, 3)
    x[:, :, :7] = 0
    x[:, 1, 5:30] = 0
    x[:, :, 35:] = 0
    out = anonymizer(x)
    whole = anonymizer(x[:, :, 7:35])
    present = x.flatten(3).any(-1)
    assert torch.equal(out.flatten(3).any(-1), present)
    torch.testing.assert_close(out[:, :, 7:35], whole)
    assert not anonymizer(0 * x).any()


def test_a_second_person_whom_the_typical_clip_lacks_stands_beside_the_first(make):
    data = annotations(persons=2)
    for sample in data['annotations']:
        sample['keypoint'][1] = 0
    out = says(make(2, data=data), [0])(torch.randn(1, 2, 20, 20, 3))
    shift = torch.tensor([1.0, 0, 0]).expand_as(out[:, 0])
    torch.testing.assert_close(out[:, 1] - out[:, 0], shift, atol=1e-5, rtol=0)


def test_the_recognizer_sees_clips_of_the_length_it_was_trained_on(make):
    anonymizer = make(clip_len=12)
    seen = []
    anonymizer.recognizer.forward = lambda x: seen.append(x) or torch.eye(3)[: len(x)]
    x = torch.arange(30.0)[:, None, None].expand(1, 1, 30, 20, 3).contiguous()
    anonymizer(x), anonymizer(x[:, :, :5])
    frames = [clip[0, 0, :, 0, 0].tolist() for clip in seen]
    assert frames[0] == [1, 3, 6, 8, 11, 13, 16, 18, 21, 23, 26, 28]
    assert frames[1] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]


def test_it_takes_the_class_of_the_recognizer(make):
    anonymizer = make()
    x = torch.randn(8, 1, 16, 20, 3)
    with torch.no_grad():
        expected = anonymizer.recognizer(x).argmax(-1)
    assert torch.equal(anonymizer.recognize(x), expected)
    assert torch.equal(anonymizer.train().recognize(x), expected)  # in training mode, too


def test_export_keeps_shape_and_forgets_the_body(make):
    anonymizer = says(make(), [2])
    small, large = (s['keypoint'] for s in annotations()['annotations'][:: 24 + 12])
    made = [anonymize_keypoints(k, anonymizer, dict(layout=LAYOUT)) for k in (small, large)]
    assert made[0].shape == small.shape
    lengths = [inverse_kinematics(torch.from_numpy(k), LAYOUT)[2] for k in made]
    torch.testing.assert_close(lengths[0], lengths[1], atol=1e-5, rtol=0)


def test_the_recognizer_is_no_part_of_it(make):
    anonymizer = make()
    assert not list(anonymizer.parameters())
    assert set(anonymizer.state_dict()) == {'lengths', 'frames', 'clips'}
    assert not any(p.requires_grad for p in anonymizer.recognizer.parameters())
    copied = copy.deepcopy(anonymizer).double()
    assert next(copied.recognizer.parameters()).dtype == torch.float64
    assert next(anonymizer.recognizer.parameters()).dtype == torch.float32
    x = torch.randn(2, 1, 9, 20, 3)
    torch.testing.assert_close(copied(x), anonymizer(x), atol=1e-5, rtol=0)
    again = make()
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in anonymizer.state_dict().items())


def test_mistakes(make):
    with pytest.raises(
        ValueError,
        match='no checkpoint, so the classes it names would be random: set recognizer.checkpoint',
    ):
        make(checkpoint=False)
    with pytest.raises(
        ValueError, match="reads the private attribute 'subject'; give one that reads the action"
    ):
        make(head=privacy_head())
    with pytest.raises(
        ValueError,
        match='data.pkl: the population has a clip of class 2, the recognizer tells 2 classes',
    ):
        make(classes=2)
    with pytest.raises(ValueError, match='data.pkl: the population has no clip of class 3'):
        make(classes=4)
    with pytest.raises(ValueError, match='clip_len must be an integer of at least 1, found 0'):
        make(clip_len=0)
    with pytest.raises(ValueError, match='holds no sample'):
        make(split=dict(by='trial', values=[17]))
    with pytest.raises(ValueError, match="three-dimensional skeletons, found the layout 'coco'"):
        ClassSubstitutionAnonymizer(dict(), dict(), layout='coco')
