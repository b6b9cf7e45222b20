# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What tools/export.py writes and prints, and that mistakes end in a sentence and leave nothing behind."""

import re

import numpy as np
import pytest
from builders import LAYOUT, action_head, annotations, tiny_model, tiny_net

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')

from mmskanon.apis import anonymize_skeletons, init_anonymizer  # noqa: E402
from mmskanon.deployment import OnnxAnonymizer  # noqa: E402
from mmskanon.release.provenance import sha256_of  # noqa: E402
from mmskanon.skeletons import get_layout  # noqa: E402


def model(**anonymizer) -> dict:
    anonymizer = dict(layout=LAYOUT, num_person=1) | anonymizer
    return tiny_model(anonymizer=anonymizer, recognizer=dict(net=tiny_net(action_head(3))))


UNET = model(type='UNetAnonymizer', base_channels=4, depth=2)


def test_a_file_equals_pytorch_and_says_where_it_comes_from(
    tool, config, checkpoint, ann_file, tmp_path
):
    cfg, weights, out = config(ann_file, model=UNET), checkpoint(cfg=UNET), tmp_path / 'made/u.onnx'
    done = tool('export', cfg, weights, out, '--camera-space')
    assert done.code == 0, done.err
    difference = float(re.search(r'largest difference (\S+)', done.out)[1])
    assert difference < 1e-5 and 'camera coordinates' in done.out
    assert [path.name for path in out.parent.iterdir()] == ['u.onnx']
    run = OnnxAnonymizer(out, threads=1)
    assert run.metadata['checkpoint_sha256'] == sha256_of(weights)
    assert len(run.metadata['config_sha256']) == 64
    assert str(tmp_path).encode() not in out.read_bytes()
    clip = annotations(frames=13)['annotations'][5]['keypoint']
    expected = anonymize_skeletons(init_anonymizer(str(cfg), str(weights)), clip)
    np.testing.assert_allclose(run(clip), expected, atol=1e-5)
    before = out.read_bytes()
    done = tool('export', cfg, weights, out)
    assert done.code == 1 and 'exists already' in done.err and out.read_bytes() == before


@pytest.mark.parametrize('precision', ['float16', 'int8'])
def test_a_lower_precision_is_measured(tool, config, checkpoint, ann_file, tmp_path, precision):
    out = tmp_path / 'u.onnx'
    options = ['--precision', precision, '--calibration', ann_file]
    done = tool('export', config(ann_file, model=UNET), checkpoint(cfg=UNET), out, *options)
    assert done.code == 0, done.err
    assert done.err == ''
    mean, largest = re.search(
        rf'{precision} against float32, 24 clips .*: mean joint error (\S+) mm, largest (\S+) mm',
        done.out,
    ).groups()
    assert 0 < float(mean) < float(largest) < 1000
    assert f'{precision} ' in done.out.splitlines()[2]
    clip = annotations(frames=13)['annotations'][5]['keypoint']
    made = OnnxAnonymizer(out, threads=1)(clip)
    assert np.isfinite(made).all() and OnnxAnonymizer(out).metadata['precision'] == precision


def test_mistakes(tool, config, checkpoint, ann_file, tmp_path):
    out = tmp_path / 'made' / 'u.onnx'
    cfg, weights = config(ann_file, model=UNET), checkpoint(cfg=UNET)
    noise = config(ann_file, 'noise.py', model=model(type='GaussianNoiseAnonymizer', std=0.1))
    lengths = [0.2 * (joint != get_layout(LAYOUT).root) for joint in range(20)]
    bones = model(type='CanonicalBonesAnonymizer', lengths=lengths)
    bones = config(ann_file, 'bones.py', model=bones)
    for arguments, message in (
        ((cfg, weights, out, '--precision', 'int8'), 'give --calibration ANNOTATIONS.pkl'),
        ((cfg, weights, out.with_suffix('.pth')), 'expected a name that ends in .onnx'),
        ((cfg, 'none', out), 'UNetAnonymizer has weights; give the checkpoint'),
        ((noise, 'none', out), 'GaussianNoiseAnonymizer cannot be exported: it draws noise'),
        (
            (bones, 'none', out, '--precision', 'float16'),
            'no layer that float16 could make smaller',
        ),
        ((cfg, weights, out, '--calibration', tmp_path / 'gone.pkl'), 'gone.pkl'),
    ):
        done = tool('export', *arguments)
        assert done.code == 1 and message in done.err and done.err.count('\n') == 1, done.err
        assert not out.parent.exists()


def test_a_graph_that_differs_is_not_written(
    tool, config, checkpoint, ann_file, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        'mmskanon.deployment.exporter.largest_difference', lambda *args: float('nan')
    )
    out = tmp_path / 'made' / 'u.onnx'
    done = tool('export', config(ann_file, model=UNET), checkpoint(cfg=UNET), out)
    assert done.code == 1 and 'differs from PyTorch by nan' in done.err
    assert not out.parent.exists()
    done = tool('export', config(ann_file, model=UNET), checkpoint(cfg=UNET), out, '--no-check')
    assert done.code == 0 and out.exists() and 'largest difference' not in done.out
