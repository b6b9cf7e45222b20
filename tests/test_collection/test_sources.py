# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a collection takes for its recordings, and what it refuses."""

import io
import zipfile

import numpy as np
import pytest
from raw_recordings import clip, config, contents

from mmskanon.collection import MotionSettings, RecordingSource, anonymize_collection


def array(seed: int) -> bytes:
    stream = io.BytesIO()
    np.save(stream, clip(seed, 9))
    return stream.getvalue()


@pytest.mark.parametrize(
    'name', ['../../evil.npy', '/tmp/evil.npy', 'a/../b.npy', './a.npy', 'a//b.npy', '..\\evil.npy']
)
def test_names_in_an_archive_stay_below_the_output(tmp_path, name):
    """Names of members are whatever who made the archive wrote."""
    with zipfile.ZipFile(tmp_path / 'raw.zip', 'w') as archive:
        archive.writestr('fine.npy', array(0))
        archive.writestr(name, array(1))
    (tmp_path / 'deep').mkdir()
    with pytest.raises(ValueError, match=r'raw.zip holds .*npy., .* pack it again'):
        anonymize_collection(
            MotionSettings(config(), None), tmp_path / 'raw.zip', tmp_path / 'deep' / 'made'
        )
    assert list(contents(tmp_path)) == ['raw.zip']


def test_hidden_folders_are_passed_over_like_hidden_files(tmp_path):
    """What was moved to the trash of a network drive, or left by an editor, does not come back."""
    for name in ('a.npy', '.b.npy', '.Trash-1000/files/c.npy', 'x/.ipynb_checkpoints/d.npy'):
        (tmp_path / 'raw' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'raw' / name).write_bytes(array(0))
    assert RecordingSource(tmp_path / 'raw').names == ['a.npy']


def test_folders_behind_links_count(tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'disk' / 'a.npy').write_bytes(array(0))
    (tmp_path / 'raw' / 'x').mkdir(parents=True)
    (tmp_path / 'raw' / 'b.npy').write_bytes(array(1))
    (tmp_path / 'raw' / 'x' / 'linked').symlink_to(tmp_path / 'disk')
    (tmp_path / 'raw' / 'x' / 'c.npy').symlink_to(tmp_path / 'disk' / 'a.npy')
    names = RecordingSource(tmp_path / 'raw').names
    assert names == ['b.npy', 'x/c.npy', 'x/linked/a.npy']
    (tmp_path / 'disk' / 'again').symlink_to(tmp_path / 'raw')
    with pytest.raises(
        ValueError, match='again leads to .*raw, which belongs to .* already; remove the link'
    ):
        RecordingSource(tmp_path / 'raw')


def test_a_link_to_nothing_is_told(tmp_path):
    (tmp_path / 'raw').mkdir()
    (tmp_path / 'raw' / 'a.npy').write_bytes(array(0))
    (tmp_path / 'raw' / 'b.npy').symlink_to(tmp_path / 'gone.npy')
    with pytest.raises(FileNotFoundError, match='b.npy is a link to what does not exist'):
        RecordingSource(tmp_path / 'raw')


@pytest.mark.parametrize('name', ['walk.npz', 'walk.npy', 'a1_s1_t1_skeleton.mat'])
def test_one_recording_is_no_collection(tmp_path, name):
    """An .npz is a zip archive of .npy files, which could be taken for recordings."""
    with zipfile.ZipFile(tmp_path / name, 'w') as archive:
        archive.writestr('keypoint.npy', array(0))
    with pytest.raises(ValueError, match='is a single recording; give the folder'):
        RecordingSource(tmp_path / name)
