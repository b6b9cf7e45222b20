# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""An annotation file read sample by sample is refused for what the whole file is refused for."""

import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from annotation_files import PROTOCOLS, assert_reads_the_same, samples
from hypothesis import given, settings
from hypothesis import strategies as st
from pickle_files import ATTACKS, HANDMADE, VALID, op_global, op_text, write

from mmskanon.io import AnnotationFile, CorruptFileError, UnsafePickleError, load_annotations


def outcome(read, path):
    """What reading gives: the kind of an error, or None."""
    try:
        read(path)
    except (CorruptFileError, UnsafePickleError) as error:
        return type(error), getattr(error, 'refused', None)
    return None


def open_once(path):
    AnnotationFile(path).close()


def assert_refused_alike(path):
    expected = outcome(load_annotations, path)
    assert outcome(open_once, path) == expected
    if expected is None:
        assert_reads_the_same(path)


GROUND = [*VALID] + [
    pickle.dumps(dict(annotations=samples(60), split={'a': ['b']}), protocol)
    for protocol in PROTOCOLS
]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GROUND) - 1), st.data())
def test_a_damaged_file_is_refused_alike_or_reads_the_same(which, data):
    valid = GROUND[which]
    damaged = bytearray(valid)
    places = st.integers(0, len(valid) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del damaged[data.draw(places) :]
    if data.draw(st.booleans()):
        start, end = sorted((data.draw(places), data.draw(places)))
        damaged[data.draw(places) :] = damaged[start:end]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), bytes(damaged))
        if damaged:
            assert_refused_alike(path)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_random_bytes_are_refused_alike(data):
    with tempfile.TemporaryDirectory() as folder:
        assert_refused_alike(write(Path(folder), data))


def sentence_of(read, path):
    with pytest.raises(UnsafePickleError) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize('protocol', [0, 2, 4, 5])
@pytest.mark.parametrize('name', ATTACKS)
def test_a_call_in_a_pickle_is_refused_with_the_same_sentence(tmp_path, name, protocol):
    sentinel = tmp_path / 'sentinel'
    data = dict(annotations=[*samples(), dict(frame_dir='x', meta=[(ATTACKS[name](sentinel),)])])
    path = write(tmp_path, data, protocol)
    assert sentence_of(open_once, path) == sentence_of(load_annotations, path)
    assert not sentinel.exists()


@pytest.mark.parametrize('name', HANDMADE)
def test_a_handmade_program_is_refused_with_the_same_sentence(tmp_path, name):
    sentinel = tmp_path / 'sentinel'
    path = write(tmp_path, b'\x80\x04' + HANDMADE[name](sentinel) + b'.')
    assert sentence_of(open_once, path) == sentence_of(load_annotations, path)
    assert not sentinel.exists()


TEXT = op_text('x' * 600)
BYTES = pickle.BINBYTES + (600).to_bytes(4, 'little') + bytes(600)
BYTEARRAY = pickle.BYTEARRAY8 + (600).to_bytes(8, 'little') + bytes(600)
ARRAY = pickle.dumps(np.arange(600), 3)[2:-1]
RECONSTRUCT = op_global('numpy.core.multiarray', '_reconstruct')
ORDERED = op_global('collections', 'OrderedDict')
SHELL = RECONSTRUCT + op_global('numpy', 'ndarray') + b'K\x00\x85C\x01b\x87R'
F4 = pickle.dumps(np.dtype('f4'), 3)[2:-1]
STATE = b'(K\x01K\x96\x85' + F4 + b'\x89' + BYTES + b't'
PROGRAMS = {
    'a text is called': TEXT + b')R',
    'bytes are called': BYTES + b')R',
    'an array is called': ARRAY + b')R',
    'an instance of an array': ARRAY + b')\x81',
    'a state for bytes': BYTES + b')b',
    'a state for text': TEXT + b')b',
    'items for an array': ARRAY + b'(K\x01e',
    'an array as a key': b'}' + ARRAY + b'Ns',
    'a bytearray as a key': b'}' + BYTEARRAY + b'Ns',
    'bytes and text as keys': b'](}(' + BYTES + b'N' + TEXT + BYTES + b'u' + b'e',
    'one item with a key of bytes': b'](}' + BYTES + b'Nse',
    'bytes in a key': b'](}' + BYTES + b'\x85\x85Nse',
    'bytes deep in a key': b'](}' + BYTES + b'\x85' * 20 + b'Nse',
    'a set of bytes': b'](\x8f(' + BYTES + TEXT + b'\x90e',
    'a frozen set of bytes': b']((' + BYTES + TEXT + b'\x91e',
    'a dict of bytes': b']((' + BYTES + TEXT + b'de',
    'an array in a set': b'](\x8f(' + ARRAY + b'\x90e',
    'a set of an array': b'](' + op_global('builtins', 'set') + ARRAY + b'\x85Re',
    'a set of texts': b'](' + op_global('builtins', 'set') + b'](' + TEXT + b'e\x85Re',
    'an ordered dict of an array': b'](' + ORDERED + ARRAY + b'\x85Re',
    'an ordered dict with keys of bytes': b'](' + ORDERED + b'](' + BYTES + ARRAY + b'\x86e\x85Re',
    'an ordered dict of pairs in arrays': b'](' + ORDERED + b'(' + ARRAY + b'l\x85Re',
    'a module of a long name': TEXT + op_text('x') + b'\x93',
    'a name that is bytes': op_text('os') + BYTES + b'\x93',
    'a name that is an array': ARRAY + ARRAY + b'\x93',
    'a dtype of a long name': op_global('numpy', 'dtype') + TEXT + b'\x85R',
    'a dtype of an array': op_global('numpy', 'dtype') + ARRAY + b'\x85R',
    'a complex number of an array': op_global('builtins', 'complex') + ARRAY + b'K\x00\x86R',
    'a bytearray of a text': b'](' + op_global('builtins', 'bytearray') + TEXT + b'\x85Re',
    'an encoding that is long': op_global('_codecs', 'encode') + TEXT + TEXT + b'\x86R',
    'an encoding of bytes': op_global('_codecs', 'encode') + BYTES + op_text('latin1') + b'\x86R',
    'an array of a long class': RECONSTRUCT + TEXT + b')C\x01b\x87R',
    'an array of an array': RECONSTRUCT + ARRAY + b')C\x01b\x87R',
    'an array without a state': b'](' + SHELL + b'e',
    'a state of bytes': b'](' + SHELL + BYTES + b'be',
    'an array filled after it was stored': b'](' + SHELL + b'q\x07}K\x01h\x07sh\x07' + STATE + b'b0e',
    'an array filled after an ordered dict took it': (
        b'](' + SHELL + b'q\x07' + ORDERED + b'](K\x01h\x07\x86e\x85R' + b'h\x07' + STATE + b'b0e'
    ),
    'an array filled twice': b'](' + SHELL + STATE + b'b' + STATE + b'be',
    'an array that is text': b'](' + SHELL + STATE.replace(BYTES, TEXT) + b'be',
    'an array that is too long': b'](' + SHELL + STATE.replace(b'K\x96', b'K\x97') + b'be',
    'an array whose dtype changes later': (
        b'](' + SHELL + STATE.replace(F4, F4 + b'q\x09') + b'b'
        + b'h\x09(K\x03' + op_text('>') + b'NNNK\xffK\xffK\x00tb' + b'e'
    ),
    'a small one whose dtype changes later': (
        b'](' + SHELL + b'(K\x01K\x01\x85' + F4 + b'q\x09\x89C\x04abcdtb'
        + b'h\x09(K\x03' + op_text('>') + b'NNNK\xffK\xffK\x00tb' + b'e'
    ),
    'a whole file that is bytes': BYTES,
    'a whole file that is text': TEXT,
    'a whole file that is an array': ARRAY,
    'a frame beyond the file': b'\x95' + (9).to_bytes(8, 'little') + b'].',
    'a frame that ends in a value': b'\x95' + (9).to_bytes(8, 'little') + BYTES,
    'a frame in a frame': b'\x95' + (12).to_bytes(8, 'little') + b'\x95' + bytes(8) + b']]]',
    'a frame that ends in a line': b'\x95' + (4).to_bytes(8, 'little') + b'](I12\ne',
    'bytes that end early': BYTES[:-1],
    'bytes of an impossible length': pickle.BINBYTES8 + b'\xff' * 8,
    'a text that is not UTF-8': TEXT[:-1] + b'\xff',
}  # fmt: skip


@pytest.mark.parametrize('name', PROGRAMS)
def test_large_values_in_odd_places(tmp_path, name):
    path = write(tmp_path, b'\x80\x04' + PROGRAMS[name] + b'.')
    assert_refused_alike(path)
