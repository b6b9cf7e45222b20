# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import hashlib
import pickle

import numpy as np
import pytest
import shift_gcn_reference as reference
import torch
from mmengine.registry import init_default_scope

from mmskanon.io import load_checkpoint
from mmskanon.models.weights import load_weights
from mmskanon.registry import MODELS

TOOL = 'model_converters/shift_gcn'


@pytest.fixture
def source(tmp_path):
    """A released file, in miniature."""
    path = tmp_path / 'released.pt'
    torch.save(reference.random_state(joints=25), path)
    return path


@pytest.mark.parametrize('legacy', [False, True])
def test_a_released_file_becomes_a_checkpoint_with_the_same_logits(tool, tmp_path, legacy):
    state = reference.random_state(joints=25)
    source, out = tmp_path / 'released.pt', tmp_path / 'made' / 'out.pth'
    torch.save(state, source, _use_new_zipfile_serialization=not legacy)
    run = tool(TOOL, source, out, '--attribute', 'subject')
    assert not run.code, run.err
    assert "type': 'ShiftGCN'" in run.out and str(out) in run.out
    meta = load_checkpoint(out)['meta']
    assert meta['source_sha256'] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert meta['source'] == 'released.pt'
    init_default_scope('mmskanon')
    net = MODELS.build(meta['model']).eval()
    load_weights(net, str(out), 'converted')
    assert net.cls_head.attribute == 'subject'
    x = torch.randn(2, 2, 8, 25, 3)
    with torch.no_grad():
        logits, _ = net.extract_feat(x[:, None], stage='head')
    np.testing.assert_allclose(logits, reference.logits(state, x.numpy()), atol=2e-4)


def bones_of_the_authors(x):
    """Each joint minus the one it hangs on, by the authors' own list, on (N, M, T, V, C)."""
    origins = [*(1, 20, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18)]
    origins += [20, 22, 7, 24, 11]
    return np.stack([x[..., v, :] - x[..., o, :] for v, o in enumerate(origins)], axis=-2)


def motion_of_the_authors(x):
    """Next frame minus this one, zero in the last, on (N, M, T, V, C)."""
    out = np.zeros_like(x)
    for t in range(x.shape[2] - 1):
        out[:, :, t] = x[:, :, t + 1] - x[:, :, t]
    return out


@pytest.mark.parametrize(
    ('feature', 'streams'),
    [
        ('b', bones_of_the_authors),
        ('jm', motion_of_the_authors),
        ('bm', lambda x: motion_of_the_authors(bones_of_the_authors(x))),
    ],
)
def test_a_net_of_another_stream_reads_that_stream(tool, tmp_path, feature, streams):
    """Whatever the file is called, from parallel training in half precision under another key, for 120 classes."""
    state = reference.random_state(joints=25, classes=120)
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    source, out = tmp_path / 'weights', tmp_path / 'out.pth'
    torch.save(dict(epoch=9, model={f'module.{k}': v for k, v in half.items()}), source)
    run = tool(TOOL, source, out, '--features', feature)
    assert not run.code, run.err
    init_default_scope('mmskanon')
    net = MODELS.build(load_checkpoint(out)['meta']['model']).eval()
    load_weights(net, str(out), 'converted')
    x = torch.randn(2, 2, 8, 25, 3)
    with torch.no_grad():
        logits, _ = net.extract_feat(x[:, None], stage='head')
    expected = reference.logits({k: v.float() for k, v in half.items()}, streams(x.numpy()))
    assert logits.shape == (2, 120)
    np.testing.assert_allclose(logits, expected, atol=5e-4)


def test_streams_that_cannot_be_are_named(tool, tmp_path, source):
    run = tool(TOOL, source, tmp_path / 'out.pth', '--features', 'j', 'b')
    assert run.code == 1 and 'reads 3 numbers of each of 25 joints' in run.err
    torch.save(reference.random_state(joints=5), source)
    run = tool(TOOL, source, tmp_path / 'out.pth', '--features', 'b')
    assert run.code == 1 and "cannot be the streams ['b']" in run.err
    assert not (tmp_path / 'out.pth').exists()


def test_every_released_file_here_is_converted(tool, tmp_path, weights_dir):
    paths = sorted(weights_dir.glob('*.pt'))
    assert paths
    for path in paths:
        run = tool(TOOL, path, tmp_path / f'{path.stem}.pth')
        assert not run.code, run.err
        init_default_scope('mmskanon')  # after the tool, which starts without
        model = load_checkpoint(tmp_path / f'{path.stem}.pth')['meta']['model']
        load_weights(MODELS.build(model), str(tmp_path / f'{path.stem}.pth'), path.stem)


def test_an_existing_file_is_kept_unless_asked(tool, tmp_path, source):
    out = tmp_path / 'out.pth'
    out.write_text('mine')
    run = tool(TOOL, source, out)
    assert run.code == 1 and 'exists already' in run.err and out.read_text() == 'mine'
    assert not tool(TOOL, source, out, '--overwrite').code
    assert load_checkpoint(out)['state_dict']


class Bomb:
    def __reduce__(self):
        return print, ('executed',)


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (dict(reference.random_state(), extra=torch.zeros(1)), 'released.pt has extra'),
        ({'a': 1}, 'holds no weights'),
        (dict(state_dict=Bomb()), 'it was refused and nothing in the file was executed'),
        (b'not a checkpoint', 'truncated, damaged or not a PyTorch checkpoint'),
        (None, 'does not exist'),
    ],
    ids=['unknown key', 'no weights', 'code', 'text', 'absent'],
)
def test_what_is_no_released_file_ends_in_one_sentence(tool, tmp_path, content, words):
    source, out = tmp_path / 'released.pt', tmp_path / 'out.pth'
    if isinstance(content, bytes):
        source.write_bytes(content)
    elif content is not None:
        torch.save(content, source, pickle_module=pickle)
    run = tool(TOOL, source, out)
    assert run.code == 1 and run.err.startswith('error: ') and words in run.err
    assert run.err.count('\n') == 1 and 'executed' not in run.out
    assert not out.exists()
