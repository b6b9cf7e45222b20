# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
from mmskanon.release.provenance import digests_of_files


def test_files_of_one_name_are_told_apart(tmp_path):
    found = []
    for number in range(2):
        path = tmp_path / str(number) / 'gallery.pkl'
        path.parent.mkdir()
        path.write_text(str(number))
        found.append(digests_of_files(dict(made=[dict(gallery=str(path), k=4)], other='no file')))
    assert found[0] != found[1] and len(found[0]) == 1
