# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""ONNX graphs equal PyTorch for any number of clips and frames, say what they are, and name no place on this machine."""

import json

import numpy as np
import pytest
import torch
from exportable import EXPORTABLE, ready

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')

from mmskanon.apis import StreamingAnonymizer, anonymize_skeletons  # noqa: E402
from mmskanon.deployment import ExportOptions  # noqa: E402
from mmskanon.deployment.compare import largest_difference, model_input  # noqa: E402
from mmskanon.deployment.exporter import make_model  # noqa: E402
from mmskanon.deployment.graph import (  # noqa: E402
    build_onnx,
    check_exportable,
    open_session,
    run_session,
)
from mmskanon.deployment.made_up import made_up_clips  # noqa: E402
from mmskanon.deployment.precision import (  # noqa: E402
    check_layers,
    inner_layers,
    layers_of,
    to_float16,
)


def strings(message) -> set[str]:
    """Every text in a protobuf message."""
    found = set()
    for field, value in message.ListFields():
        values = (
            [value] if isinstance(value, str | bytes) or not hasattr(value, '__iter__') else value
        )
        for part in values:
            if hasattr(part, 'ListFields'):
                found |= strings(part)
            elif field.type == field.TYPE_STRING or (field.name == 's' and part):
                found.add(part if isinstance(part, str) else part.decode())
    return found


@pytest.mark.parametrize('name', EXPORTABLE)
def test_body_space(name, graph_of):
    anonymizer, model = ready(name), graph_of(name)
    session = open_session(model, 1)
    assert largest_difference(session, anonymizer, 'body') < 1e-5
    # Lengths around those at which the UNet pads, and a clip that shows nobody.
    for frames in (1, 2, 15, 16, 17, 40):
        clips = made_up_clips(anonymizer.layout, 2, 2, frames, seed=frames)
        clips[1] = 0 if frames == 17 else clips[1]
        x = np.concatenate([model_input(clip, anonymizer, 'body') for clip in clips])
        made = run_session(session, x)
        np.testing.assert_allclose(made, anonymizer(torch.from_numpy(x)).numpy(), atol=1e-5)
        assert not made[~x.any((3, 4))].any()
    assert not [text for text in strings(model) if '/' in text or '.py' in text]


@pytest.mark.parametrize(
    ('name', 'normalization'),
    [('unet', {}), ('rest_pose', dict(center='every_frame', rotate='invariant'))],
    ids=['unet', 'rest_pose'],
)
def test_camera_space(name, normalization):
    anonymizer = ready(name, normalization=normalization)
    session = open_session(build_onnx(anonymizer, camera_space=True), 1)
    assert largest_difference(session, anonymizer, 'camera') < 1e-5
    clip = made_up_clips(anonymizer.layout, 1, 2, 23, seed=5)
    expected = anonymize_skeletons(anonymizer, clip[0])
    np.testing.assert_allclose(run_session(session, clip)[0], expected, atol=1e-5)
    assert not run_session(session, np.zeros_like(clip)).any()


def test_a_graph_of_another_network_is_told_apart(graph_of):
    anonymizer = ready('resnet')
    session = open_session(graph_of('resnet'), 1)
    anonymizer.blocks[0].fc1.bias += 0.01
    assert 1e-5 < largest_difference(session, anonymizer, 'body') < 1


def test_two_dimensional_layouts():
    anonymizer = ready('resnet', layout='coco', persons=1)
    session = open_session(build_onnx(anonymizer), 1)
    assert session.get_inputs()[0].shape == ['N', 1, 'T', 17, 2]
    assert largest_difference(session, anonymizer, 'body') < 1e-5


def test_newer_operators():
    anonymizer = ready('resnet')
    model = build_onnx(anonymizer, opset=20)
    assert [o.version for o in model.opset_import if not o.domain] == [20]
    assert largest_difference(open_session(model, 1), anonymizer, 'body') < 1e-5
    with pytest.raises(ValueError, match='opset must be 18 to'):
        build_onnx(anonymizer, opset=9)


@pytest.mark.parametrize(
    ('cfg', 'reason'),
    [
        (dict(type='GaussianNoiseAnonymizer', std=0.1), 'it draws noise'),
        (dict(EXPORTABLE['quiet_code'], noise=0.4), 'it draws noise'),
        (dict(EXPORTABLE['canonical_unet'], lengths='random'), 'it draws a body for each clip'),
        (
            dict(
                EXPORTABLE['canonical_unet'],
                anonymizer=dict(type='GaussianNoiseAnonymizer', std=0.1),
            ),
            'it draws noise',
        ),
    ],
    ids=['noise', 'student', 'random bones', 'noise inside'],
)
def test_chance_is_refused_with_the_reason(cfg, reason):
    if cfg.get('lengths') == 'random':
        cfg['body'] = dict(cfg['body'], size_spread=0.1, proportion_spread=[0.05] * 5)
    with pytest.raises(ValueError, match=f'{cfg["type"]} cannot be exported: {reason}'):
        check_exportable(ready('', **cfg))


def test_an_anonymizer_that_is_not_ready_is_refused():
    for broken in (ready('resnet').train(), ready('resnet')):
        if not broken.training:
            broken.normalization = None
        with pytest.raises(ValueError, match='make it with init_anonymizer'):
            check_exportable(broken)


def test_float16_leaves_coordinates_and_the_last_layer_alone(graph_of):
    anonymizer, full = ready('unet'), graph_of('unet')
    convolutions = [n for n in full.graph.node if n.op_type in ('Conv', 'ConvTranspose')]
    assert [n.name for n in layers_of(full)] == [n.name for n in convolutions[:-1]]
    before = full.SerializeToString()
    half = to_float16(full)
    assert full.SerializeToString() == before and len(half.SerializeToString()) < 0.8 * len(before)
    x = model_input(made_up_clips(anonymizer.layout, 1, 2, 30)[0], anonymizer, 'body')
    x[0, 0, 0, 0] = 1e-7, 0, 0  # there, though half precision would make it zero
    x[0, 0, 0, 1:] = 0
    made, expected = run_session(open_session(half, 1), x), run_session(open_session(full, 1), x)
    difference = np.abs(made - expected)
    assert 0 < difference.max() < 0.02
    assert made[0, 0, 0].all() and (made != made.astype(np.float16)).mean() > 0.4


@pytest.mark.parametrize(
    ('name', 'kept'), [('unet', slice(2, -3)), ('resnet', slice(1, None)), ('lstm', slice(0, 0))]
)
def test_layers_at_full_resolution_stay_out_of_8_bits(name, kept, graph_of):
    model = graph_of(name)
    names = [node.name for node in layers_of(model)]
    assert [node.name for node in inner_layers(model)] == names[kept]
    assert bool(names) == (name != 'lstm')


def test_half_precision_that_overflows_is_refused():
    anonymizer = ready('unet')
    for parameter in anonymizer.parameters():
        parameter *= 30 if parameter.dim() > 1 else 1
    with pytest.raises(
        ValueError, match=r'UNetAnonymizer in float16 .* not finite, .* no file was'
    ):
        make_model(anonymizer, ExportOptions(precision='float16'))


def test_what_has_no_layers_has_no_lower_precision(graph_of):
    with pytest.raises(ValueError, match='Bones has no layer that int8 could make smaller'):
        check_layers(graph_of('bones'), 'Bones', 'int8')


def test_metadata_round_trip():
    from mmskanon.deployment.metadata import describe, read

    written = describe(ready('unet'), 'camera', 'float16', dict(config='a' * 64))
    assert all(isinstance(value, str) for value in written.values())
    values = read(written, 'file')
    assert json.loads(written['joints']) == list(values['layout_definition'].joints)
    assert values['normalization']['center'] == 'first_frame'
    stream = StreamingAnonymizer(ready('unet'))
    assert values['latency'] == stream.latency > 0 and values['num_person'] == 2
    assert values['receptive_field'] == stream.anonymizer.receptive_field
    assert values['config_sha256'] == 'a' * 64
    assert 'anonymous' in values['privacy']
    with pytest.raises(ValueError, match='none of its metadata'):
        read({}, 'other.onnx')
    with pytest.raises(ValueError, match=r'other.onnx: its metadata are damaged \(JSONDecodeError'):
        read({**written, 'num_person': '?'}, 'other.onnx')
    with pytest.raises(ValueError, match=r"damaged \(space 'pixel'\)"):
        read({**written, 'space': 'pixel'}, 'other.onnx')
