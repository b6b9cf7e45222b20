# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Every anonymizer that can be exported is one graph, for torch.compile and for torch.export, whatever N and T."""

import pytest
import torch
from exportable import EXPORTABLE, ready

from mmskanon.deployment.made_up import made_up_clips
from mmskanon.models.weights import load_weights
from mmskanon.skeletons.tracing import is_traced


def clips(anonymizer, count, frames):
    made = made_up_clips(anonymizer.layout, count, anonymizer.num_person, frames, seed=frames)
    return torch.from_numpy(made)


@pytest.mark.parametrize('name', EXPORTABLE)
def test_torch_export_with_any_number_of_clips_and_frames(name):
    anonymizer = ready(name)
    dynamic = torch.export.Dim.DYNAMIC
    shapes = ({0: dynamic, 2: dynamic},)
    example = clips(anonymizer, 2, anonymizer.frame_grid + 7)
    program = torch.export.export(anonymizer, (example,), dynamic_shapes=shapes)
    # PyTorch ties a program to lengths within which no size inside the network is 1; ONNX files are not.
    for count, frames in ((3, anonymizer.frame_grid + 1), (2, 2 * anonymizer.frame_grid + 3)):
        x = clips(anonymizer, count, frames)
        out, expected = program.module()(x), anonymizer(x)
        torch.testing.assert_close(out, expected, atol=1e-5, rtol=0)
        assert not out[~x.any(-1).any(-1)].any()


@pytest.mark.parametrize('name', [n for n in EXPORTABLE if n not in ('paper_unet', 'quiet_code')])
def test_torch_compile_without_graph_breaks(name):
    anonymizer = ready(name)
    torch.compiler.reset()
    # Dynamo follows nn.LSTM only when told to.
    with torch._dynamo.config.patch(allow_rnn=name == 'lstm'):
        compiled = torch.compile(anonymizer, backend='eager', fullgraph=True, dynamic=True)
        for size in ((2, 19), (3, 34)):
            x = clips(anonymizer, *size)
            torch.testing.assert_close(compiled(x), anonymizer(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize('name', ['resnet', 'unet'])
def test_a_compiled_anonymizer_gets_the_same_gradients(name):
    anonymizer = ready(name).requires_grad_(True)
    torch.compiler.reset()
    compiled = torch.compile(anonymizer, backend='aot_eager', fullgraph=True)
    x = clips(anonymizer, 2, 8).requires_grad_()
    gradients = [torch.autograd.grad(net(x).square().sum(), x)[0] for net in (compiled, anonymizer)]
    assert gradients[1].any()
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-4)


def test_nothing_is_traced_in_a_plain_call():
    seen = []

    def look(x):
        seen.append(is_traced())
        return x + 1

    look(torch.ones(1))
    torch.export.export(torch.nn.ReLU(), (torch.ones(1),))
    assert seen == [False]


def whole(state, prefix):
    return {f'{prefix}{k}': v for k, v in state.items()}


@pytest.mark.parametrize('saved', ['plain', 'compiled', 'part', 'all'])
@pytest.mark.parametrize('into_compiled', [False, True])
def test_checkpoints_of_compiled_modules_load(saved, into_compiled, tmp_path):
    trained, fresh = ready('unet'), ready('unet')
    for p in fresh.parameters():
        p.zero_()
    state = torch.compile(trained, backend='eager').state_dict()
    assert all(k.startswith('_orig_mod.') for k in state)
    state = dict(
        plain=trained.state_dict(),
        compiled=state,
        part=whole(state, 'anonymizer.') | {'recognizer.weight': torch.zeros(1)},
        all=whole(whole(trained.state_dict(), 'anonymizer.'), '_orig_mod.'),
    )[saved]
    torch.save(dict(state_dict=state), tmp_path / 'saved.pth')
    net = torch.compile(fresh, backend='eager') if into_compiled else fresh
    load_weights(net, str(tmp_path / 'saved.pth'), 'anonymizer', prefix='anonymizer.')
    for name, value in trained.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], value), name


def test_a_checkpoint_that_does_not_fit_is_refused_compiled_or_not(tmp_path):
    torch.save(dict(state_dict={'_orig_mod.x': torch.zeros(1)}), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=r'1 keys unknown \(first: x\)'):
        load_weights(ready('unet'), str(tmp_path / 'other.pth'), 'anonymizer')
