# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pickles for tests of their readers: annotations in every protocol, and programs that must be refused."""

import functools
import operator
import os
import pickle
from collections import defaultdict
from pathlib import Path

import numpy as np


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


def write(folder, data, protocol=4, name='ann.pkl'):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else pickle.dumps(data, protocol=protocol))
    return path


def samples():
    rng = np.random.default_rng(0)
    keypoint = rng.normal(size=(1, 7, 25, 3))
    return [
        {
            'frame_dir': 'S001C002P003R002A013',
            'label': 12,
            'keypoint': keypoint.astype(np.float16),
            'keypoint_score': np.asfortranarray(keypoint[..., 0].astype(np.float32)),
            'total_frames': 7,
            'img_shape': (1080, 1920),
            'subject': np.int64(3),
            'weight': np.float32(0.5),
            'camera': np.str_('left'),
            'valid': np.bool_(True),
        },
        {'frame_dir': 'x', 'keypoint': np.zeros((0, 7, 25, 3)), 'note': None, 'ok': True},
    ]


VALID = [
    pickle.dumps({'split': {'a': ['x']}, 'annotations': samples()}, protocol=protocol)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
]


# What must be refused. Each entry tries to make the sentinel file, or to reach beyond plain data.


def shell(sentinel):
    return f'echo ran > {sentinel}'


def python(sentinel):
    return f'open({str(sentinel)!r}, "w").write("ran")'


ATTACKS = {
    'os.system': lambda s: Call(os.system, shell(s)),
    'builtins.eval': lambda s: Call(eval, python(s)),
    'builtins.exec': lambda s: Call(exec, python(s)),
    'io.open': lambda s: Call(open, str(s), 'w'),
    'functools.partial': lambda s: Call(functools.partial(os.system, shell(s))),
    'operator.attrgetter': lambda s: Call(operator.attrgetter('tofile'), np.ones(2)),
    'builtins.getattr': lambda s: Call(getattr, np.ones(2), 'tofile'),
    'numpy.memmap': lambda s: Call(np.memmap, str(s), 'u1', 'w+', 0, (4,)),
    'numpy.fromfile': lambda s: Call(np.fromfile, __file__, 'u1'),
    '(subprocess|commands).Popen': lambda s: Call(
        __import__('subprocess').Popen, ['touch', str(s)]
    ),
    'shutil.rmtree': lambda s: Call(__import__('shutil').rmtree, str(s.parent)),
    'collections.defaultdict': lambda s: defaultdict(list),
    'pathlib': lambda s: Path(s),
    'numpy.dtype': lambda s: np.array([{}, None], dtype=object),
    'numpy.ma': lambda s: np.ma.masked_array([1, 2], [True, False]),
}


def op_global(module, name):
    return b'c' + f'{module}\n{name}\n'.encode()


def op_stack_global(module, name):
    return op_text(module) + op_text(name) + pickle.STACK_GLOBAL


def op_text(text):
    data = text.encode()
    return pickle.BINUNICODE + len(data).to_bytes(4, 'little') + data


HANDMADE = {
    'os.system': lambda s: op_global('os', 'system') + op_text(shell(s)) + b'\x85R',
    'posix.system': lambda s: b'(i' + b'posix\nsystem\n',
    'posix.system again': lambda s: b'(' + op_global('posix', 'system') + op_text(shell(s)) + b'o',
    'numpy.ndarray.tofile': lambda s: op_stack_global('numpy', 'ndarray.tofile'),
    'numpy.ndarray.__init__.__globals__': lambda s: op_stack_global(
        'numpy', 'ndarray.__init__.__globals__'
    ),
    'numpy._core.multiarray.scalar.__class__': lambda s: op_stack_global(
        'numpy._core.multiarray', 'scalar.__class__'
    ),
    'mmskanon.io.reading.os.system': lambda s: op_stack_global(
        'mmskanon.io.reading', 'os.system'
    ),
    'a call of numpy.ndarray': lambda s: op_global('numpy', 'ndarray') + b'(I3\nt\x85R',
    'a call of builtins.list': lambda s: b'])R',
    'an instance of numpy.dtype': lambda s: op_global('numpy', 'dtype') + op_text('O') + b'\x85\x81',
    'class instances': lambda s: op_global('collections', 'OrderedDict') + b')}\x92',
    'class instances or external': lambda s: b'\x82\x01',
    'external objects': lambda s: b'Pid\n',
    'class instances or external objects': lambda s: op_text('id') + b'Q',
    'a state for numpy.ndarray': lambda s: op_global('numpy', 'ndarray') + b'}b',
    'a state for numpy.dtype': lambda s: op_global('numpy', 'dtype') + b'N}' + op_text('call') + b'Ns\x86b',
    'a state for builtins.dict': lambda s: b'}}b',
    'a state for collections.OrderedDict': lambda s: (
        op_global('collections', 'OrderedDict') + b')R}' + op_text('items') + b'Nsb'
    ),
    'items for numpy.ndarray': lambda s: (
        op_global('numpy', 'ndarray') + op_text('tofile') + b'K\x01s'
    ),
    'items for builtins.bytearray': lambda s: (
        op_global('builtins', 'bytearray') + b')R(K\x01e'
    ),
    'a key made of builtins.list': lambda s: b'}]K\x01s',
    'a key made of builtins.tuple': lambda s: b'})' + b'\x85' * 50 + b'K\x01s',
    'a key made of collections.OrderedDict': lambda s: (
        b'}' + op_global('collections', 'OrderedDict') + b'K\x01s'
    ),
    '_codecs.encode with': lambda s: (
        op_global('_codecs', 'encode') + op_text('x') + op_text('zip') + b'\x86R'
    ),
    "numpy.dtype of 'f4,O'": lambda s: op_global('numpy', 'dtype') + op_text('f4,O') + b'\x85R',
    "numpy.dtype of 'O8'": lambda s: op_global('numpy', 'dtype') + op_text('O8') + b'\x85R',
    'numpy.dtype with fields': lambda s: pickle.dumps(
        np.dtype('f4'), protocol=2
    )[2:-1].replace(b'NNN', b'N)}'),
    'a NumPy array of class numpy.dtype': lambda s: (
        op_global('numpy.core.multiarray', '_reconstruct')
        + op_global('numpy', 'dtype')
        + b'K\x00\x85C\x01b\x87R'
    ),
}  # fmt: skip
