# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Checkpoints of PyTorch, and archives with another program inside."""

import io
import zipfile
from collections import OrderedDict

import numpy as np
import torch
from mmengine.config import ConfigDict


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


VALID = [saved(True), saved(False)]


PROGRAM = pickled(VALID[0])
