# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Checkpoints of PyTorch and MMEngine, read by an allow-list and never run as programs.

PyTorch's own ``weights_only=True`` refuses what an MMEngine runner saves besides weights, and the
names that would have to be allowed for it include ``builtins.getattr``, with which a file can reach
any code. Here ``torch.load`` reads the archive while :class:`CheckpointUnpickler` reads the pickle
inside: it builds tensors, plain containers, NumPy data and MMEngine's ``HistoryBuffer``, and
resolves through ``getattr`` only the functions that MMEngine itself puts into checkpoints.
"""

import io
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from .checkpoint_unpickler import CheckpointUnpickler
from .errors import CorruptFileError, UnsafePickleError
from .reading import check_file, read_plain

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
            not say otherwise.
        ValueError: If the environment variable ``TORCH_FORCE_WEIGHTS_ONLY_LOAD`` is set.
    """
    path = check_file(path, 'a checkpoint')
    if os.environ.get('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0').lower() in ('1', 'y', 'yes', 'true'):
        raise ValueError(
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
        path (str | os.PathLike): A checkpoint with a ``state_dict``, or with one state dict under another name, or a bare one.
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
    weights = _find_weights(checkpoint)
    if not _is_state_dict(weights):
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


def _find_weights(checkpoint: dict) -> Any:
    """What may be the state dict of a checkpoint: ``state_dict``, or the only state dict under another name, or all of it."""
    if 'state_dict' in checkpoint:
        return checkpoint['state_dict']
    inside = [value for value in checkpoint.values() if _is_state_dict(value) and value]
    return inside[0] if len(inside) == 1 else checkpoint


def _is_state_dict(weights: Any) -> bool:
    """Whether something is a dict from names to tensors."""
    return isinstance(weights, dict) and all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in weights.items()
    )


def _listed(names: Iterable, limit: int = 8) -> str:
    """Return distinct names as text, cut off after a few."""
    names = list(dict.fromkeys(str(name) for name in names))
    return ', '.join(names[:limit]) + (', ...' if len(names) > limit else '') or 'nothing'


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
