# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import os

import pytest

from mmskanon.io.files import base_name, files_below, is_named


def test_all_files_are_met_once_also_behind_links(tmp_path):
    for name in ('raw/a', 'raw/deep/b', 'elsewhere/c'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    raw = tmp_path / 'raw'
    (raw / 'more').symlink_to(tmp_path / 'elsewhere')
    (raw / 'nothing').symlink_to(tmp_path / 'gone')
    found = sorted(os.path.relpath(path, raw) for path in files_below(raw))
    assert found == ['a', 'deep/b', 'more/c', 'nothing']
    (raw / 'deep' / 'again').symlink_to(raw)
    with pytest.raises(ValueError, match='again leads to .*raw already; remove the link'):
        list(files_below(raw))


@pytest.mark.parametrize('name', ['a/b.mat', r'a\b.mat', r'x/a\b.mat', 'b.mat'])
def test_folders_of_any_system_are_left_out(name):
    assert base_name(name) == 'b.mat'


@pytest.mark.parametrize(
    ('name', 'expected'),
    [('b.mat', True), ('B.MAT', True), ('._b.mat', False), ('b.mat.txt', False)],
)
def test_capitals_count_and_twins_of_macos_do_not(name, expected):
    assert is_named(name, '.mat') is expected
