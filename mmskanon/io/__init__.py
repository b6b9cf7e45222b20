# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Files in and out: safe loading of pickles, checkpoints and archives, and output that is whole or absent."""

from .annotation_records import AnnotationFile
from .archives import close_archives, open_archive, read_member
from .atomic import PICKLE_PROTOCOL, atomic_path, atomic_pickle, atomic_write_bytes
from .checkpoint_unpickler import CheckpointUnpickler
from .checkpoints import load_checkpoint, load_state_dict_from
from .constructors import Constructor
from .deferred import ArrayHead
from .errors import CorruptFileError, UnsafePickleError
from .pickles import AnnotationUnpickler, load_annotations
from .restricted import RestrictedUnpickler

__all__ = [
    'AnnotationFile',
    'AnnotationUnpickler',
    'ArrayHead',
    'CheckpointUnpickler',
    'Constructor',
    'CorruptFileError',
    'PICKLE_PROTOCOL',
    'RestrictedUnpickler',
    'UnsafePickleError',
    'atomic_path',
    'atomic_pickle',
    'atomic_write_bytes',
    'close_archives',
    'load_annotations',
    'load_checkpoint',
    'load_state_dict_from',
    'open_archive',
    'read_member',
]
