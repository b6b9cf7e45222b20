# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Checkpoints with code in them run nothing."""

import functools
import os
import pickle
import subprocess
import tarfile
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import PROGRAM, VALID, pickled, rewrite, saved
from mmengine.logging import HistoryBuffer

from mmskanon.io import CorruptFileError, UnsafePickleError, load_checkpoint


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


def module_of_state(sentinel):
    layer = torch.nn.Linear(1, 1)
    layer.forward = Call(os.system, f'touch {sentinel}')
    return layer


ATTACKS = {
    'system': lambda s: Call(os.system, f'touch {s}'),
    'eval': lambda s: Call(eval, f'open({str(s)!r}, "w")'),
    'functools.partial': lambda s: Call(functools.partial(os.system, f'touch {s}')),
    'Popen': lambda s: Call(subprocess.Popen, ['touch', str(s)]),
    'numpy.memmap': lambda s: Call(np.memmap, str(s), 'u1', 'w+', 0, (4,)),
    'builtins__.getattr|builtins.getattr': lambda s: Call(getattr, HistoryBuffer, '__init__'),
    'HistoryBuffer': lambda s: Call(HistoryBuffer, [1.0], [1]),
    'torch.storage._load_from_bytes': lambda s: Call(
        torch.storage._load_from_bytes, saved(data={'x': Call(os.system, f'touch {s}')})
    ),
    'torch.serialization.load': lambda s: Call(torch.load, str(s)),
    'torch.hub': lambda s: Call(torch.hub.load, str(s.parent), 'x'),
    'torch._utils._rebuild_wrapper_subclass': lambda s: Call(
        torch._utils._rebuild_wrapper_subclass, torch.Tensor
    ),
    'torch.nn.modules.linear.Linear': module_of_state,
    'io.open': lambda s: Call(open, str(s), 'w'),
}


def deep(thing):
    weights = OrderedDict((f'layer.{i}.weight', torch.ones(2)) for i in range(5))
    weights['layer.3.bias'] = {'hidden': [(thing,)]}
    return {'meta': {'epoch': 1}, 'state_dict': weights}


@pytest.mark.parametrize('archive', [True, False])
@pytest.mark.parametrize('protocol', [2, 4])
@pytest.mark.parametrize('name', ATTACKS)
def test_a_call_deep_in_a_state_dict_is_refused(tmp_path, name, protocol, archive):
    sentinel = tmp_path / 'sentinel'
    path = tmp_path / 'bad.pth'
    torch.save(
        deep(ATTACKS[name](sentinel)),
        path,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=archive,
    )
    with pytest.raises(UnsafePickleError, match=name) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)
    assert 'nothing in the file was executed' in str(caught.value)
    assert not sentinel.exists()


def op_global(module, name):
    return b'c' + f'{module}\n{name}\n'.encode()


def op_text(text):
    data = text.encode()
    return pickle.BINUNICODE + len(data).to_bytes(4, 'little') + data


def op_call(function, *args):
    return function + b'(' + b''.join(args) + b'tR'


HISTORY = op_global('mmengine.logging.history_buffer', 'HistoryBuffer')


GETATTR = op_global('builtins', 'getattr')


MEAN = op_call(GETATTR, HISTORY, op_text('mean'))


HANDMADE = {
    'os.system': lambda s: op_call(op_global('os', 'system'), op_text(f'touch {s}')),
    'os.system by way of a Storage': lambda s: op_call(
        op_global('os', 'FloatStorage'), op_text(f'touch {s}')
    ),
    'getattr of a result': lambda s: op_call(GETATTR, MEAN, op_text('__globals__')),
    'getattr of an inherited name': lambda s: op_call(GETATTR, HISTORY, op_text('__class__')),
    'getattr of another method': lambda s: op_call(GETATTR, HISTORY, op_text('register_statistics')),
    'getattr of a dotted name': lambda s: op_call(GETATTR, HISTORY, op_text('mean.__globals__')),
    'getattr with a name that is no text': lambda s: op_call(GETATTR, HISTORY, b']'),
    'getattr of a storage type': lambda s: op_call(
        GETATTR, op_global('torch', 'FloatStorage'), op_text('__class__')
    ),
    'a call of a result': lambda s: op_call(MEAN, HISTORY),
    'a dotted global': lambda s: op_global(
        'mmengine.logging.history_buffer', 'HistoryBuffer.mean.__globals__'
    ),
    'a neighbour of an allowed name': lambda s: op_global('mmengine.logging.history_buffer', 'np'),
    'a call of a class that state makes': lambda s: op_call(HISTORY),
    'an instance with arguments': lambda s: HISTORY + b'K\x01\x85\x81',
    'a call of a storage class': lambda s: op_call(op_global('torch.storage', 'UntypedStorage'), b'K\x04'),
    'a state for a class': lambda s: HISTORY + b'N}' + op_text('mean') + b'Ns\x86b',
    'a state for a function': lambda s: MEAN + b'N}' + op_text('__code__') + b'Ns\x86b',
    'a state for a storage type': lambda s: op_global('torch', 'FloatStorage') + b'}b',
    'a state for a tensor': lambda s: (
        op_call(op_global('torch', 'Size'), b')') + b'}' + op_text('x') + b'Nsb'
    ),
    'an attribute of an OrderedDict': lambda s: (
        op_call(op_global('collections', 'OrderedDict')) + b'}' + op_text('copy') + MEAN + b'sb'
    ),
    'a pickled module': lambda s: b'(' + op_text('module') + HISTORY + op_text('a') + op_text('b') + b'tQ',
    'a persistent id that is no tuple': lambda s: op_text('storage') + b'Q',
    'a second argument of make_dict': lambda s: op_call(
        op_global('mmengine.config.config', 'ConfigDict'), b'}', op_global('os', 'system')
    ),
}  # fmt: skip


@pytest.mark.parametrize('archive', [True, False])
@pytest.mark.parametrize('name', HANDMADE)
def test_a_handmade_program_is_refused(tmp_path, name, archive):
    sentinel = tmp_path / 'sentinel'
    path = tmp_path / 'bad.pth'
    program = b'\x80\x02}' + op_text('state_dict') + HANDMADE[name](sentinel) + b's.'
    if archive:
        rewrite(path, program, source=VALID[0])
    else:
        data = saved(archive=False, data={'marker': 1})
        marked = pickle.dumps({'marker': 1}, protocol=2)
        assert marked in data
        path.write_bytes(data.replace(marked, program))
    with pytest.raises(UnsafePickleError, match='nothing in the file was executed') as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)
    assert not sentinel.exists()


def test_every_part_of_a_stream_is_guarded(tmp_path):
    sentinel = tmp_path / 'sentinel'
    bad = pickle.dumps(Call(os.system, f'touch {sentinel}'), protocol=2)
    magic, version, system = (
        pickle.dumps(part, protocol=2)
        for part in (torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {})
    )
    for parts in (
        [bad],
        [magic, bad],
        [magic, version, bad],
        [magic, version, system, system, bad],
    ):
        (tmp_path / 'bad.pth').write_bytes(b''.join(parts))
        with pytest.raises(UnsafePickleError, match='system'):
            load_checkpoint(tmp_path / 'bad.pth')
        assert not sentinel.exists()


def test_a_tar_archive_is_not_unpacked(tmp_path):
    secret = tmp_path / 'secret'
    secret.write_bytes(b'x')
    path = tmp_path / 'bad.pth'
    with tarfile.open(path, 'w') as archive:
        for name in ('storages', 'tensors', 'pickle'):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, str(secret)
            archive.addfile(link)
    before = set(Path(tempfile.gettempdir()).iterdir())
    with pytest.raises((CorruptFileError, UnsafePickleError)):
        load_checkpoint(path)
    assert not {
        p for p in set(Path(tempfile.gettempdir()).iterdir()) - before if 'storages' in p.name
    }


def test_torchscript_is_refused_before_it_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.jit, 'load', lambda *args, **kwargs: pytest.fail('was run'))
    path = tmp_path / 'script.pt'
    rewrite(path, PROGRAM, extra=('constants.pkl', 'code/__torch__.py'), source=VALID[0])
    with pytest.raises(UnsafePickleError, match='torch.jit.load'):
        load_checkpoint(path)


def test_hooks_in_a_file_are_dropped(tmp_path):
    path = tmp_path / 'x.pth'
    path.write_bytes(saved(data={'x': torch.arange(5.0, requires_grad=True)}))
    program = pickled(path.read_bytes())
    hooks = op_global('collections', 'OrderedDict')
    assert hooks in program
    start = program.index(hooks)
    end = program.index(b'R', start) + 1
    evil = b'}' + op_text('hook') + MEAN + b's'
    rewrite(path, program[:start] + evil + program[end:])
    tensor = load_checkpoint(path)['x']
    assert not tensor._backward_hooks
    tensor.sum().backward()
