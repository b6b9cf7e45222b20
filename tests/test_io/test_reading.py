# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import hashlib

import pytest

from mmskanon.io.reading import check_file, sha256_of


def test_a_checksum_is_that_of_all_bytes(tmp_path):
    content = bytes(range(256)) * 10_000  # more than is read at once
    (tmp_path / 'x').write_bytes(content)
    assert sha256_of(tmp_path / 'x') == hashlib.sha256(content).hexdigest()


def test_a_file_has_to_be_there_with_content(tmp_path):
    (tmp_path / 'empty').touch()
    for path, error, words in (
        (tmp_path, IsADirectoryError, 'is a folder; expected a key'),
        (tmp_path / 'none', FileNotFoundError, 'does not exist; expected a key'),
        (tmp_path / 'empty', ValueError, 'is empty; expected a key'),
    ):
        with pytest.raises(error, match=words):
            check_file(path, 'a key')
