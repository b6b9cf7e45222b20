# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What checkpoints hold arrives intact; damaged ones are errors; those with code in them run nothing."""

import functools
import io
import os
import pickle
import subprocess
import tarfile
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

from mmskanon.io import (
    CorruptFileError,
    UnsafePickleError,
    load_checkpoint,
)


def content():
    base = torch.arange(12.0).reshape(3, 4)
    return {
        'state_dict': OrderedDict(a=base, b=base[1:, ::2], t=base.t(), empty=torch.zeros(0, 3)),
        'parameter': torch.nn.Parameter(torch.ones(2)),
        'bool': torch.tensor(True),
        'half': torch.ones(2, dtype=torch.bfloat16),
        'int': torch.arange(3),
        'conj': torch.tensor([1 + 2j]).conj(),
        'random': {'torch': torch.get_rng_state(), 'numpy': np.random.RandomState(0).get_state()},
        'dtype': torch.float32,
        'size': torch.Size([2, 3]),
        'device': torch.device('cpu'),
        'config': ConfigDict(a=1, b=[dict(c=2)]),
        'plain': [None, 1, 2.5, 'x', b'', b'y', {1, 2}, (3,), 1 + 2j],
        'numpy': [np.float32(1), np.arange(3), np.array(['a', 'bc'])],
    }


def assert_equal(one, other):
    if isinstance(other, torch.Tensor):
        assert type(one) is type(other)
        assert one.dtype == other.dtype
        assert one.requires_grad == other.requires_grad
        assert torch.equal(one, other)
    elif isinstance(other, dict):
        assert list(one) == list(other)
        for key in other:
            assert_equal(one[key], other[key])
    elif isinstance(other, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_equal(*pair)
    elif isinstance(other, np.ndarray):
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


@pytest.mark.parametrize('archive', [True, False])
@pytest.mark.parametrize('protocol', [2, 4, 5])
def test_both_formats_arrive_intact(tmp_path, archive, protocol):
    path = tmp_path / 'all.pth'
    torch.save(content(), path, pickle_protocol=protocol, _use_new_zipfile_serialization=archive)
    loaded = load_checkpoint(path)
    assert_equal(loaded, torch.load(path, weights_only=False))
    weights = loaded['state_dict']
    assert weights['b'].data_ptr() == weights['a'][1:].data_ptr()
    assert type(loaded['config']) is dict
    assert_equal(loaded['config'], {'a': 1, 'b': [{'c': 2}]})


def test_a_dtype_without_storage_class_loads(tmp_path):
    torch.save({'x': torch.ones(3, dtype=torch.uint16)}, tmp_path / 'x.pth')
    assert load_checkpoint(tmp_path / 'x.pth')['x'].tolist() == [1, 1, 1]


def saved(archive=True, data=None):
    stream = io.BytesIO()
    torch.save(data or content(), stream, _use_new_zipfile_serialization=archive)
    return stream.getvalue()


def pickled(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith('data.pkl')))


def rewrite(path, program, extra=(), source=None):
    """Write an archive like that of ``source`` with another pickle inside."""
    with zipfile.ZipFile(io.BytesIO(source or path.read_bytes())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, part in parts.items():
            archive.writestr(name, program if name.endswith('data.pkl') else part)
        for name in extra:
            archive.writestr(f'{next(iter(parts)).split("/")[0]}/{name}', b'')


@pytest.mark.parametrize('archive', [True, False])
def test_a_checkpoint_cut_in_half(tmp_path, archive):
    data = saved(archive)
    path = tmp_path / 'half.pth'
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CorruptFileError, match=r'half\.pth is truncated, damaged or not a PyTorch'):
        load_checkpoint(path)


@pytest.mark.skipif(torch.cuda.is_available(), reason='is about machines without a GPU')
def test_a_missing_device_is_not_blamed_on_the_file(tmp_path):
    torch.save({'x': torch.ones(3)}, tmp_path / 'x.pth')
    data = (tmp_path / 'x.pth').read_bytes()
    rewrite(
        tmp_path / 'x.pth', pickled(data).replace(b'X\x03\x00\x00\x00cpu', b'X\x04\x00\x00\x00cuda')
    )
    with pytest.raises(RuntimeError, match='CUDA'):
        load_checkpoint(tmp_path / 'x.pth', None)
    assert load_checkpoint(tmp_path / 'x.pth')['x'].tolist() == [1] * 3


@pytest.mark.parametrize(
    ('old', 'new'),
    [
        (b'K\x00K\x05\x85K\x01\x85', b'K\x01K\x05\x85K\x01\x85'),  # begins after the first number
        (b'K\x00K\x05\x85K\x01\x85', b'K\x00K\x06\x85K\x01\x85'),  # ends after the last
        (b'K\x00K\x05\x85K\x01\x85', b'K\x00K\x05\x85K\x02\x85'),  # strides beyond the end
        (b'K\x00K\x05\x85', b'J\xff\xff\xff\xffK\x05\x85'),  # begins before the first
        (b'cpuq\x06K\x05tq', b'cpuq\x06K\x06tq'),  # storage longer than its record
        (b'cpuq\x06K\x05tq', b'cpuq\x06K\x04tq'),  # and shorter
        (b'0q\x05', b'7q\x05'),  # storage that is not there
        (b'X\x03\x00\x00\x00cpu', b'X\x03\x00\x00\x00cp?'),  # device that does not exist
    ],
)
def test_a_tensor_stays_within_its_storage(tmp_path, old, new):
    path = tmp_path / 'x.pth'
    path.write_bytes(saved(data={'x': torch.arange(5.0)}))
    program = pickled(path.read_bytes()).replace(b'q\x08K\x01\x85q\x09', b'K\x01\x85')
    assert old in program
    rewrite(path, program.replace(old, new))
    with pytest.raises(CorruptFileError):
        load_checkpoint(path, None)


def test_a_stream_cannot_ask_for_more_memory_than_its_length(tmp_path):
    path = tmp_path / 'x.pth'
    data = saved(archive=False, data={'x': torch.arange(5.0)})
    path.write_bytes(data.replace(b'K\x05Nt', b'\x8a\x06\x00\x00\x00\x00\x00\x10Nt'))
    assert path.read_bytes() != data
    with pytest.raises(CorruptFileError, match='longer than the file'):
        load_checkpoint(path)


def load_bytes(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'x.pth'
        path.write_bytes(data)
        return load_checkpoint(path)


VALID = [saved(True), saved(False)]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b'', b'PK\x03\x04', VALID[1][:14]]))
def test_random_bytes_raise_documented_errors_only(data, start):
    try:
        load_bytes(start + data)
    except (CorruptFileError, UnsafePickleError):
        pass


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1), st.data())
def test_a_truncated_checkpoint_is_an_error(which, data):
    valid = VALID[which]
    end = data.draw(st.integers(4, len(valid) - 1))  # with the four bytes that tell the format
    with pytest.raises(CorruptFileError):
        load_bytes(valid[:end])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1), st.data())
def test_a_damaged_checkpoint_raises_documented_errors_only(which, data):
    valid = VALID[which]
    damaged = bytearray(valid)
    for place in data.draw(st.lists(st.integers(0, len(valid) - 1), min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        load_bytes(bytes(damaged))
    except (CorruptFileError, UnsafePickleError):
        pass


PROGRAM = pickled(VALID[0])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_program_in_a_sound_archive_raises_documented_errors_only(data):
    damaged = bytearray(PROGRAM)
    for place in data.draw(st.lists(st.integers(0, len(PROGRAM) - 1), min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'x.pth'
        rewrite(path, bytes(damaged), source=VALID[0])
        try:
            load_checkpoint(path)
        except (CorruptFileError, UnsafePickleError):
            pass


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
