# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What checkpoints hold arrives intact, and damaged ones are errors."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import PROGRAM, VALID, content, pickled, rewrite, saved
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.io import CorruptFileError, UnsafePickleError, load_checkpoint


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
