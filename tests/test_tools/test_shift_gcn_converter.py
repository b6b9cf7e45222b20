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
