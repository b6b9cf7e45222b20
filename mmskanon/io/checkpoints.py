# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Checkpoints of PyTorch and MMEngine, read by an allow-list and never run as programs.

PyTorch's own ``weights_only=True`` refuses what an MMEngine runner saves besides weights, and the
names that would have to be allowed for it include ``builtins.getattr``, with which a file can reach
any code. Here ``torch.load`` reads the archive while :class:`CheckpointUnpickler` reads the pickle
inside: it builds tensors, plain containers, NumPy data and MMEngine's ``HistoryBuffer``, and
resolves through ``getattr`` only the functions that MMEngine itself puts into checkpoints.
"""

import io
import math
import os
import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

from .pickles import PLAIN_GLOBALS, PLAIN_STATES
from .restricted import (
    Constructor,
    CorruptFileError,
    RestrictedUnpickler,
    UnsafePickleError,
    by_name,
    check_file,
    describe,
    make_dict,
    read_plain,
)

_ZIP_MAGIC = b'PK\x03\x04'
_ADVICE = (
    'If the file is yours, save tensors, numbers, strings and containers of them only, '
    "for example torch.save({'state_dict': model.state_dict()}, path)."
)


def load_checkpoint(
    path: str | os.PathLike,
    map_location: str | torch.device | dict | Callable | None = 'cpu',
) -> dict:
    """Load a checkpoint that may come from anywhere, without executing anything in it.

    Archives of today's ``torch.save`` and the stream format of PyTorch before 1.6 are read.
    TorchScript archives and the tar format of PyTorch before 0.1.10 are refused, because reading
    them runs code or unpacks files.

    Args:
        path (str | os.PathLike): The file; ``~`` stands for the home folder.
        map_location (str | torch.device | dict | Callable | None): Where tensors go, as for
            ``torch.load``. Defaults to 'cpu'.

    Returns:
        dict: The content. A ``ConfigDict`` in it comes back as a plain dict.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        UnsafePickleError: If the file asks for anything but data. Nothing of it has been executed.
        CorruptFileError: If the file is truncated, damaged or not a checkpoint.
        RuntimeError: If the file wants a device that this machine lacks and ``map_location`` does
            not say otherwise, or if ``TORCH_FORCE_WEIGHTS_ONLY_LOAD`` is set.
    """
    path = check_file(path, 'a checkpoint')
    if os.environ.get('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0').lower() in ('1', 'y', 'yes', 'true'):
        raise RuntimeError(
            f'{path} was not loaded: the environment variable TORCH_FORCE_WEIGHTS_ONLY_LOAD makes '
            'PyTorch refuse the allow-list that is used here; unset it'
        )
    try:
        checkpoint = read_plain(
            partial(_read, path, map_location), str(path), 'a PyTorch checkpoint', _ADVICE
        )
    except CorruptFileError as error:
        if 'Attempting to deserialize' in str(error.__cause__):  # a missing device, not a bad file
            raise error.__cause__ from None
        raise
    if not isinstance(checkpoint, dict):
        raise CorruptFileError(
            f'{path} holds {type(checkpoint).__name__} data; expected a dict as MMEngine saves it, '
            'or a state dict'
        )
    return checkpoint


def load_state_dict_from(path: str | os.PathLike, prefix: str = '') -> dict:
    """Load the weights of a checkpoint, or those of one submodule.

    Args:
        path (str | os.PathLike): A checkpoint with a ``state_dict``, or a bare state dict.
        prefix (str): Name of a submodule, such as ``'anonymizer'``: only its weights are returned,
            without the prefix. Defaults to '' (all weights).

    Returns:
        dict: Tensors by name, on the CPU.

    Raises:
        KeyError: If no weight has the prefix.
        CorruptFileError: If the file holds no state dict. For other errors see
            :func:`load_checkpoint`.
    """
    checkpoint = load_checkpoint(path)
    weights = checkpoint.get('state_dict', checkpoint)
    if not isinstance(weights, dict) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in weights.items()
    ):
        raise CorruptFileError(
            f"{path} holds no weights; expected a 'state_dict' of tensors, "
            f'found the keys {_listed(checkpoint)}'
        )
    if not prefix:
        return weights
    start = f'{prefix.rstrip(".")}.'
    chosen = OrderedDict((k[len(start) :], v) for k, v in weights.items() if k.startswith(start))
    if not chosen:
        found = _listed(key.split('.')[0] for key in weights)
        raise KeyError(
            f"{path} has no weights that begin with '{start}'; those it has begin with {found}"
        )
    return chosen


def _listed(names: Iterable, limit: int = 8) -> str:
    """Return distinct names as text, cut off after a few."""
    names = list(dict.fromkeys(str(name) for name in names))
    return ', '.join(names[:limit]) + (', ...' if len(names) > limit else '') or 'nothing'


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


def _read(path: Path, map_location: Any) -> Any:
    """Read either format through the restricted unpickler."""
    with open(path, 'rb') as file:
        if file.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC:
            file.seek(0)
            stream, check = file, _archive_check(file)
        else:  # from memory: whatever has a file descriptor is tried as a tar archive by PyTorch
            file.seek(0)
            stream = io.BytesIO(file.read())
            check = partial(_check_length, limit=stream.getbuffer().nbytes)

        class Unpickler(CheckpointUnpickler):
            check_storage = staticmethod(check)

        module = SimpleNamespace(
            __name__=__name__,
            Unpickler=Unpickler,
            load=lambda part, **kwargs: Unpickler(part, **kwargs).load(),
        )
        return torch.load(
            stream, map_location=map_location, pickle_module=module, weights_only=False
        )


def _archive_check(file: io.BufferedReader) -> Callable[[str, int], None]:
    """Refuse TorchScript; return a check of stated storage sizes against those in the archive.

    The versions of PyTorch that lack such a check read beyond the end of a record that is shorter
    than stated.
    """
    reader = torch._C.PyTorchFileReader(file)
    file.seek(0)
    records = set(reader.get_all_records())
    if 'constants.pkl' in records:
        raise UnsafePickleError.of('torch.jit.load')
    size_of = getattr(reader, 'get_record_size', lambda name: len(reader.get_record(name)))

    def check(key: str, size: int) -> None:
        name = f'data/{key}'
        if name not in records or size_of(name) != size:
            raise ValueError(f'storage {key} is missing or has another size than stated')

    return check


def _check_length(key: str, size: int, limit: int) -> None:
    """Raise if a storage is stated to be longer than the file."""
    if size > limit:
        raise ValueError(f'storage {key} is longer than the file')


def _itemsize(dtype: torch.dtype) -> int:
    """Return the bytes of one element."""
    return torch.empty((), dtype=dtype).element_size()


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
