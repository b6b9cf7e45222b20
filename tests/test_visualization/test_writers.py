# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import weakref

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmskanon.visualization.writers import gif_durations, write_gif, write_mp4


@pytest.fixture
def frames():
    """Twelve pictures with a square that moves."""
    frames = []
    for i in range(12):
        frame = np.full((48, 65, 3), 240, np.uint8)
        frame[10:20, 4 * i : 4 * i + 10] = (0, 114, 178)
        frames.append(frame)
    return frames


@given(st.integers(1, 200), st.floats(1, 50))
def test_durations_keep_the_length_of_the_clip(num_frames, fps):
    durations = gif_durations(num_frames, fps)
    assert len(durations) == num_frames
    assert all(d % 10 == 0 and d >= 10 for d in durations)
    assert abs(sum(durations) - 1000 * num_frames / fps) <= 5.001


def test_gif_shows_every_frame_at_its_time(tmp_path, frames):
    path = tmp_path / 'clip.gif'
    write_gif(frames, path, fps=30)
    with Image.open(path) as image:
        assert image.n_frames == 12 and image.info['loop'] == 0
        durations = []
        for index, frame in enumerate(frames):
            image.seek(index)
            durations.append(image.info['duration'])
            np.testing.assert_array_equal(np.array(image.convert('RGB')), frame)
    assert sum(durations) == 400


def test_gif_keeps_flat_colours_exactly_among_many_shades(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, size=(3, 40, 40, 3))
    frames = np.full((3, 80, 40, 3), (244, 245, 247), np.uint8)
    frames[:, :40] = noise
    write_gif(list(frames), tmp_path / 'clip.gif', fps=10)
    with Image.open(tmp_path / 'clip.gif') as image:
        for index in range(3):
            image.seek(index)
            assert (np.array(image.convert('RGB'))[40:] == (244, 245, 247)).all()


def test_mp4_shows_every_frame_at_its_time(tmp_path, frames):
    path = tmp_path / 'clip.mp4'
    write_mp4(frames, path, fps=25)
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(25)
    seen = []
    while True:
        found, frame = video.read()
        if not found:
            break
        seen.append(frame[..., ::-1])
    assert len(seen) == 12 and seen[0].shape == (48, 64, 3)
    for frame, expected in zip(seen, frames, strict=True):
        assert np.abs(frame.astype(int) - expected[:, :64]).mean() < 8


def test_mp4_keeps_one_frame_at_a_time(tmp_path, frames):
    alive = []

    def drawn():
        for frame in frames:
            picture = frame.copy()
            alive.append(weakref.ref(picture))
            yield picture
            del picture
            assert sum(found() is not None for found in alive) <= 2

    write_mp4(drawn(), tmp_path / 'clip.mp4', fps=25)
    assert len(alive) == len(frames)


def test_missing_encoder_is_said_and_leaves_nothing(tmp_path, frames, monkeypatch):
    monkeypatch.setattr(cv2.VideoWriter, 'write', lambda *_: None, raising=False)
    monkeypatch.setattr(cv2, 'VideoWriter_fourcc', lambda *_: 0)
    with pytest.raises(OSError, match='could not write .*clip.mp4.*write a .gif instead'):
        write_mp4(frames, tmp_path / 'clip.mp4', fps=25)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('write', [write_gif, write_mp4])
def test_existing_file_stays_unless_it_may_go(tmp_path, frames, write):
    path = tmp_path / f'clip.{write.__name__[-3:]}'
    path.write_bytes(b'precious')
    with pytest.raises(FileExistsError, match='exists already'):
        write(frames, path, fps=30)
    assert path.read_bytes() == b'precious'
    write(frames, path, fps=30, overwrite=True)
    assert path.read_bytes() != b'precious'
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
