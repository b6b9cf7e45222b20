# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The machine that reads the pickle inside a checkpoint: tensors, plain data and what MMEngine adds."""

import math
import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

from .constructors import Constructor, by_name, describe, make_dict
from .errors import UnsafePickleError
from .pickles import PLAIN_GLOBALS, PLAIN_STATES
from .restricted import RestrictedUnpickler


class CheckpointUnpickler(RestrictedUnpickler):
    """Unpickler of checkpoints: tensors, plain data and MMEngine's log history, nothing else.

    ``torch.load`` derives from it and answers globals with ``Storage`` in their name itself, by a
    description of the storage type, which can be neither called nor changed here.
    """

    check_storage: Callable[[str, int], None] = staticmethod(lambda key, size: None)
    """Raises if the file cannot hold a storage of this key with this many bytes."""

    def load_binpersid(self) -> None:
        """Load a storage, the only external object that a tensor needs."""
        saved = self.stack.pop()
        if type(saved) is not tuple or len(saved) not in (5, 6) or saved[0] != 'storage':
            raise UnsafePickleError.of('an external object other than the storage of a tensor')
        _, kind, key, location, numel, *view = saved
        if type(key) is not str or type(location) is not str or type(numel) is not int or numel < 0:
            raise ValueError('the description of a storage is damaged')
        dtype = torch.uint8 if kind is torch.UntypedStorage else kind.dtype
        self.check_storage(key, numel * _itemsize(dtype))
        if view and view[0] is not None:
            name, offset, size = view[0]
            if type(name) is not str or not 0 <= offset <= offset + size <= numel:
                raise ValueError('the view of a storage does not fit it')
        self.append(self.persistent_load(saved))

    dispatch = {**RestrictedUnpickler.dispatch, pickle.BINPERSID[0]: load_binpersid}


def _tensor(
    storage: Any,
    offset: int,
    size: tuple,
    stride: tuple,
    requires_grad: bool = False,
    hooks: Any = None,
    metadata: dict | None = None,
) -> torch.Tensor:
    """Rebuild a tensor of the dtype of its storage, without hooks."""
    _check_view(storage, offset, size, stride, storage.dtype)
    return torch._utils._rebuild_tensor_v2(
        storage, offset, size, stride, bool(requires_grad), OrderedDict(), _flags(metadata)
    )


def _tensor_of_dtype(
    storage: Any,
    offset: int,
    size: tuple,
    stride: tuple,
    requires_grad: bool,
    hooks: Any,
    dtype: torch.dtype,
    metadata: dict | None = None,
) -> torch.Tensor:
    """Rebuild a tensor of a dtype that has no storage class, without hooks."""
    _check_view(storage, offset, size, stride, dtype)
    return torch._utils._rebuild_tensor_v3(
        storage, offset, size, stride, bool(requires_grad), OrderedDict(), dtype, _flags(metadata)
    )


def _check_view(storage: Any, offset: int, size: tuple, stride: tuple, dtype: torch.dtype) -> None:
    """Raise unless a tensor lies within its storage."""
    if not isinstance(storage, torch.storage.TypedStorage) or len(size) != len(stride):
        raise ValueError('a tensor without storage or shape')
    if not all(type(number) is int and number >= 0 for number in (offset, *size, *stride)):
        raise ValueError('the shape of a tensor is damaged')
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and (last + 1) * _itemsize(dtype) > storage._untyped_storage.nbytes():
        raise ValueError('a tensor reaches beyond its storage')


def _flags(metadata: Any) -> dict:
    """Return the conjugation and negation flags of a tensor and nothing else."""
    flags = metadata if type(metadata) is dict else {}
    if any(key not in ('conj', 'neg') or type(value) is not bool for key, value in flags.items()):
        raise UnsafePickleError.of('attributes of a tensor')
    return dict(flags)


def _parameter(data: torch.Tensor, requires_grad: bool = True, hooks: Any = None) -> Any:
    """Rebuild a parameter, without hooks."""
    if type(data) is not torch.Tensor:
        raise ValueError('a parameter without a tensor')
    return torch.nn.Parameter(data, bool(requires_grad))


def _size(numbers: tuple) -> torch.Size:
    """Return a ``torch.Size``."""
    return torch.Size(int(number) for number in numbers)


def _device(kind: str, index: int | None = None) -> torch.device:
    """Return a ``torch.device``."""
    if type(kind) is not str or type(index) not in (int, type(None)):
        raise ValueError('the description of a device is damaged')
    return torch.device(kind) if index is None else torch.device(kind, index)


def _itemsize(dtype: torch.dtype) -> int:
    """Return the bytes of one element."""
    return torch.empty((), dtype=dtype).element_size()


def _set_metadata(state_dict: OrderedDict, state: dict) -> None:
    """Set the version record that ``Module.state_dict`` attaches to its result."""
    if type(state) is not dict or set(state) != {'_metadata'}:
        raise UnsafePickleError.of('attributes of collections.OrderedDict')
    if not isinstance(state['_metadata'], dict):
        raise ValueError('the version record of a state dict is damaged')
    state_dict._metadata = state['_metadata']


def _set_history(history: HistoryBuffer, state: dict) -> None:
    """Set the log of a ``HistoryBuffer``, but not the statistics that all buffers share."""
    logs, counts, limit = (state[key] for key in ('_log_history', '_count_history', 'max_length'))
    if not all(type(item) is np.ndarray and item.ndim == 1 for item in (logs, counts)):
        raise ValueError('a HistoryBuffer without its two arrays')
    if len(logs) != len(counts) or type(limit) is not int:
        raise ValueError('the parts of a HistoryBuffer do not fit each other')
    history._set_default_statistics()
    history.__dict__.update(max_length=limit, _log_history=logs, _count_history=counts)


def _getattr(owner: Any, name: str) -> Callable:
    """Resolve the functions that MMEngine's checkpoints mention; a file cannot call them."""
    if type(owner) is Constructor and type(name) is str and (owner.name, name) in _FUNCTIONS:
        return _FUNCTIONS[owner.name, name]
    raise UnsafePickleError.of(f'builtins.getattr with {describe(name)}')


_HISTORY = 'mmengine.logging.history_buffer.HistoryBuffer'
_ONE_CYCLE = 'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler'
_FUNCTIONS: dict[tuple[str, str], Callable] = {
    (owner, name): getattr(cls, name)
    for owner, cls, names in (
        (_HISTORY, HistoryBuffer, ('min', 'max', 'current', 'mean')),
        (_ONE_CYCLE, OneCycleParamScheduler, ('_annealing_cos', '_annealing_linear')),
    )
    for name in names
}
CheckpointUnpickler.allowed = {
    **PLAIN_GLOBALS,
    **by_name(
        Constructor(_HISTORY, new=lambda: HistoryBuffer.__new__(HistoryBuffer)),
        Constructor(_ONE_CYCLE),
        Constructor('builtins.getattr', _getattr),
        Constructor('__builtin__.getattr', _getattr),
        Constructor('mmengine.config.config.ConfigDict', lambda items=(): make_dict(items)),
        Constructor('collections.Counter', lambda items=(): make_dict(items, kind=Counter)),
        Constructor('torch.Size', _size),
        Constructor('torch.device', _device),
        Constructor('torch._utils._rebuild_tensor', _tensor),
        Constructor('torch._utils._rebuild_tensor_v2', _tensor),
        Constructor('torch._utils._rebuild_tensor_v3', _tensor_of_dtype),
        Constructor('torch._utils._rebuild_parameter', _parameter),
    ),
    **{('torch', name): value for name, value in vars(torch).items() if type(value) is torch.dtype},
    ('torch.storage', 'UntypedStorage'): torch.UntypedStorage,
    **{  # in the dotted form of pickle protocol 4
        (owner.rsplit('.', 1)[0], f'{owner.rsplit(".", 1)[1]}.{name}'): function
        for (owner, name), function in _FUNCTIONS.items()
    },
}
CheckpointUnpickler.states = {
    **PLAIN_STATES,
    OrderedDict: _set_metadata,
    HistoryBuffer: _set_history,
}
