# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Files in and out: safe loading of pickles and checkpoints, and output that is whole or absent."""

from .atomic import PICKLE_PROTOCOL, atomic_path, atomic_pickle, atomic_write_bytes
from .checkpoints import CheckpointUnpickler, load_checkpoint, load_state_dict_from
from .pickles import AnnotationUnpickler, load_annotations
from .restricted import Constructor, CorruptFileError, RestrictedUnpickler, UnsafePickleError

__all__ = [
    'AnnotationUnpickler',
    'CheckpointUnpickler',
    'Constructor',
    'CorruptFileError',
    'PICKLE_PROTOCOL',
    'RestrictedUnpickler',
    'UnsafePickleError',
    'atomic_path',
    'atomic_pickle',
    'atomic_write_bytes',
    'load_annotations',
    'load_checkpoint',
    'load_state_dict_from',
]
