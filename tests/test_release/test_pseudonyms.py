# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmskanon.datasets.schema import parse_ntu_name
from mmskanon.release import Pseudonyms, read_key
from mmskanon.release.sought import PATTERNS

KEY = b'sixteen bytes or more'


@given(text=st.text(), key=st.binary(min_size=16, max_size=64))
def test_they_are_the_standard_librarys_hmac_cut_to_twenty_digits(text, key):
    message = b'name:' + text.encode()
    assert Pseudonyms(key).of(text) == hmac.new(key, message, hashlib.sha256).hexdigest()[:20]


def test_they_are_those_of_hmac_by_its_definition():
    """RFC 2104, written out: the key filled up to 64 bytes, hashed with the inner and the outer pad."""
    padded = KEY.ljust(64, b'\0')
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + b'name:a1_s1_t1').digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).hexdigest()
    assert Pseudonyms(KEY).of('a1_s1_t1') == outer[:20]


def test_key_kind_and_text_all_count():
    one = Pseudonyms(KEY)
    assert one.of('3') == one.of(3) == Pseudonyms(KEY).of('3')
    assert len({one.of('3'), one.of('4'), one.of('3', 'subject'), Pseudonyms(KEY * 2).of('3')}) == 4


def test_without_a_key_no_two_runs_agree():
    assert Pseudonyms().of('a1_s1_t1') != Pseudonyms().of('a1_s1_t1')


@given(text=st.text())
def test_no_pseudonym_reads_as_the_name_of_a_data_set(text):
    made = Pseudonyms(KEY).of(text)
    assert re.fullmatch('[0-9a-f]{20}', made)
    assert parse_ntu_name(made) is None
    assert not [kind for kind, pattern in PATTERNS.items() if pattern.search(made)]


def test_two_names_never_share_one(monkeypatch):
    names = [f'S001C001P001R001A{i:03d}' for i in range(500)]
    assert len(set(Pseudonyms(KEY).of_all(names).values())) == 500
    monkeypatch.setattr('mmskanon.release.pseudonyms.DIGITS', 2)
    with pytest.raises(ValueError, match='two names have the same pseudonym'):
        Pseudonyms(KEY).of_all(names)


def test_a_key_file_is_read_as_it_is(tmp_path):
    (tmp_path / 'key').write_bytes(KEY + b'\n')
    assert read_key(tmp_path / 'key') == KEY + b'\n'
    (tmp_path / 'key').write_bytes(b'short')
    with pytest.raises(ValueError, match='holds 5 bytes, expected at least 16'):
        read_key(tmp_path / 'key')
    with pytest.raises(FileNotFoundError, match='expected a key file'):
        read_key(tmp_path / 'none')
