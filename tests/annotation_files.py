# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Small annotation files, read sample by sample and as a whole."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest

from mmskanon.io import AnnotationFile, ArrayHead, CorruptFileError, load_annotations

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def assert_same(made, expected, pairs=None):
    """The same types, values, dtypes, memory order, key order, and things that occur twice."""
    pairs = {} if pairs is None else pairs
    assert type(made) is type(expected)
    if isinstance(expected, np.ndarray | list | dict | set | bytearray):
        if id(expected) in pairs:
            assert pairs[id(expected)] is made
            return
        assert not any(made is other for other in pairs.values())
        pairs[id(expected)] = made
    if isinstance(expected, np.ndarray):
        assert (made.dtype, made.shape) == (expected.dtype, expected.shape)
        assert made.strides == expected.strides
        for flag in ('WRITEABLE', 'C_CONTIGUOUS', 'F_CONTIGUOUS', 'ALIGNED'):
            assert made.flags[flag] == expected.flags[flag]
        assert made.tobytes() == expected.tobytes()
    elif isinstance(expected, dict):
        assert list(map(repr, made)) == list(map(repr, expected))
        for one, other in zip(made.values(), expected.values(), strict=True):
            assert_same(one, other, pairs)
    elif isinstance(expected, list | tuple):
        assert len(made) == len(expected)
        for one, other in zip(made, expected, strict=True):
            assert_same(one, other, pairs)
    elif isinstance(expected, np.generic):
        assert made.dtype == expected.dtype and made.tobytes() == expected.tobytes()
    else:
        assert repr(made) == repr(expected)


def assert_reads_the_same(path):
    data = load_annotations(path)
    with AnnotationFile(path) as file:
        assert file.is_list == isinstance(data, list)
        whole = {} if file.is_list else data
        assert_same(file.split, whole.get('split'))
        assert_same(
            file.extra, {k: v for k, v in whole.items() if k not in ('annotations', 'split')}
        )
        samples = data if file.is_list else data.get('annotations')
        if not isinstance(samples, list):
            with pytest.raises(
                CorruptFileError, match='has no samples: expected a dict with a list'
            ):
                len(file)
            return
        assert len(file) == len(samples)
        for index, sample in enumerate(samples):
            assert_same(file[index], sample)
            assert_same(file[index - len(samples)], sample)
        for made, sample in zip(file, samples, strict=True):
            assert_same(made, sample)
        for head, sample in zip(file.heads(), samples, strict=True):
            assert_same(with_heads(head, sample), with_heads(sample, sample))
        assert len(list(file.heads())) == len(samples)


def with_heads(thing, like):
    """A sample with the shape and the dtype of each array in place of the array."""
    if isinstance(thing, np.ndarray | ArrayHead):
        return [thing.shape, thing.dtype, thing.ndim, thing.size]
    if type(thing) in (dict, OrderedDict):
        return {key: with_heads(value, like) for key, value in thing.items()}
    if type(thing) in (list, tuple):
        return [with_heads(value, like) for value in thing]
    return thing


def samples(size=400):
    rng = np.random.default_rng(0)
    keypoint = rng.normal(size=(1, size, 5, 3))
    fortran = np.asfortranarray(keypoint.astype('>f4'))
    return [
        dict(frame_dir='a', label=1, keypoint=keypoint.astype(np.float16), total_frames=size),
        dict(frame_dir='b', keypoint=fortran, again=[fortran, (fortran,)], note='ż' * size),
        dict(frame_dir='c', keypoint=keypoint[:, :0], raw=bytes(size), more=bytearray(2 * size)),
        OrderedDict(frame_dir='d', keypoint=keypoint[:, ::2], subject=np.int64(3), text='x' * 999),
        dict(frame_dir='e', keypoint=np.array(['left', 'right'] * 99), shape=np.array([1, 2])),
    ]
