# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A file in use gives what anonymize_skeletons gives, and says what is wrong with a file or a recording."""

import numpy as np
import pytest
import torch
from exportable import ready

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')

from mmskanon.apis import anonymize_skeletons  # noqa: E402
from mmskanon.deployment import ExportOptions, OnnxAnonymizer  # noqa: E402
from mmskanon.deployment.exporter import make_model  # noqa: E402
from mmskanon.deployment.made_up import made_up_clips  # noqa: E402

LATE = dict(center='every_frame')


@pytest.fixture(scope='module', params=['body', 'camera'])
def exported(request, tmp_path_factory):
    """A file, and the anonymizer that it was made from."""
    anonymizer = ready('unet', normalization=LATE)
    options = ExportOptions(camera_space=request.param == 'camera', check=False)
    path = tmp_path_factory.mktemp('exported') / 'unet.onnx'
    path.write_bytes(make_model(anonymizer, options)[0])
    return path, anonymizer


def recording(frames=21):
    return made_up_clips(ready('unet').layout, 1, 2, frames)[0]


def test_equals_anonymize_skeletons(exported):
    path, anonymizer = exported
    run = OnnxAnonymizer(path, threads=1)
    clip = recording()
    kept = clip.copy()
    cases = [clip, clip[0], clip[:1], clip.astype(np.float64), torch.from_numpy(clip)]
    scores = np.random.default_rng(0).random((2, 21, 5, 1)).astype(np.float32)
    cases.append(np.concatenate([clip, scores], -1))
    cases.append(np.concatenate([clip, np.zeros_like(clip)]))
    for case in cases:
        made, expected = run(case), anonymize_skeletons(anonymizer, case)
        assert type(made) is type(case) and made.dtype == case.dtype and made.shape == case.shape
        np.testing.assert_allclose(np.asarray(made), np.asarray(expected), atol=1e-5)
    assert np.array_equal(run(cases[5])[..., 3:], scores)
    assert np.array_equal(clip, kept)
    assert (
        run.layout.joints == anonymizer.layout.joints
        and run.metadata['anonymizer'] == 'UNetAnonymizer'
    )


def test_recordings_that_do_not_fit(exported):
    run = OnnxAnonymizer(exported[0], threads=1)
    clip = recording()
    with pytest.raises(ValueError, match=r"expected 5 joints \(layout 'arm'\), found 4"):
        run(clip[:, :, :4])
    with pytest.raises(ValueError, match='shows 3 persons, the file was made for 2'):
        run(np.concatenate([clip, clip[:1]]))
    with pytest.raises(ValueError, match='found 2 channel'):
        run(clip[..., :2])
    with pytest.raises(ValueError, match='found 2 axes'):
        run(clip[0, 0])
    with pytest.raises(TypeError, match='found int64'):
        run(clip.astype(np.int64))
    with pytest.raises(ValueError, match='finite coordinates, found nan at M=0, T=3'):
        clip[0, 3, 1, 0] = np.nan
        run(clip)


def test_files_that_do_not_fit(exported, tmp_path):
    with pytest.raises(FileNotFoundError, match='gone.onnx does not exist'):
        OnnxAnonymizer(tmp_path / 'gone.onnx')
    broken = tmp_path / 'broken.onnx'
    broken.write_bytes(exported[0].read_bytes()[:300])
    with pytest.raises(ValueError, match='broken.onnx cannot be read as an ONNX file'):
        OnnxAnonymizer(broken)
    model = onnx.load(exported[0])
    del model.metadata_props[:]
    onnx.save(model, tmp_path / 'other.onnx')
    with pytest.raises(ValueError, match=r'other.onnx: expected a file that tools/export.py wrote'):
        OnnxAnonymizer(tmp_path / 'other.onnx')


def other_file(path, target, **changes):
    """Write a file again with other metadata; None leaves one out."""
    model = onnx.load(path)
    found = {p.key: p.value for p in model.metadata_props} | changes
    del model.metadata_props[:]
    for key, value in found.items():
        if value is not None:
            model.metadata_props.add(key=key, value=value)
    onnx.save(model, target)
    return target


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(num_coords=None), 'its metadata are damaged .*num_coords'),
        (dict(num_coords='"3"'), 'its metadata are damaged .*num_coords'),
        (dict(num_person='1.5'), 'its metadata are damaged .*num_person'),
        (dict(num_person='3'), r'of shape \(N, 3, T, 5, 3\).*, its graph takes'),
        (dict(num_coords='2'), r'of shape \(N, 2, T, 5, 2\).*, its graph takes'),
        (dict(layout_definition='"coco"'), r'of shape \(N, 2, T, 17, 3\).*, its graph takes'),
        (dict(normalization='{"layout": "coco", "center": null}'), 'its metadata are damaged'),
        (dict(normalization='[]'), 'its metadata are damaged'),
        (
            dict(normalization='{"layout": "coco", "center": "x", "center_joint": null, "rotate": 1}'),
            "its metadata are damaged .*center must be one of .*'x'",
        ),
        (
            dict(normalization='{"layout": "coco", "center": null, "center_joint": null, "rotate": 2}'),
            'its metadata are damaged .*rotate',
        ),
    ],
)  # fmt: skip
def test_metadata_that_contradict_the_graph_or_themselves(exported, tmp_path, changes, words):
    target = other_file(exported[0], tmp_path / 'other.onnx', **changes)
    with pytest.raises(ValueError, match=f'other.onnx: .*{words}'):
        OnnxAnonymizer(target)


def test_what_other_tools_note_does_not_matter(exported, tmp_path):
    target = other_file(exported[0], tmp_path / 'a.onnx', **{'onnx.infer': 'onnxruntime.quant'})
    run = OnnxAnonymizer(target)
    assert run.metadata['onnx.infer'] == 'onnxruntime.quant'
    np.testing.assert_array_equal(run(recording()), OnnxAnonymizer(exported[0])(recording()))


def test_without_onnxruntime_one_sentence_says_what_to_install(exported, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'onnxruntime', None)
    with pytest.raises(
        ImportError, match=r'onnxruntime is not installed.*pip install "mmskanon\[onnx\]"'
    ):
        OnnxAnonymizer(exported[0])
