# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Reading one file: what the generator wrote comes back, the fast way equals the careful one, and broken files are named."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ntu_files import FIRST_ID, broken_files, person, recording, text_of, write

from mmskanon.datasets.converters.ntu import parse_skeleton, read_skeleton, skeleton_file
from mmskanon.datasets.converters.ntu.careful import parse_lines


def reference(content: bytes) -> tuple[list, list, np.ndarray]:
    """The format read token by token: frames, IDs and coordinates of all bodies."""
    tokens = iter(content.split())
    frames, body_ids, joints = [], [], []
    for frame in range(int(next(tokens))):
        for _ in range(int(next(tokens))):
            frames.append(frame)
            body_ids.append(int([next(tokens) for _ in range(10)][0]))
            count = int(next(tokens))
            lines = [[float(next(tokens)) for _ in range(12)] for _ in range(count)]
            joints.append([line[:3] for line in lines])
    return frames, body_ids, np.array(joints).reshape(-1, 25, 3)


def equal_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return (
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )


@pytest.fixture
def careful_is_called(monkeypatch):
    """Whether the careful reader was needed."""
    calls = []

    def spy(*args):
        calls.append(args)
        return parse_lines(*args)

    monkeypatch.setattr(skeleton_file, 'parse_lines', spy)
    return calls


COORDINATES = st.one_of(
    st.floats(-9.9, 9.9),
    st.floats(-1e-3, 1e-3),
    st.floats(-1e5, 1e5),
    st.sampled_from([0.0, -0.0, 1.0, 10.0, 0.1, 1e-30, 9.9999999, -0.04232755]),
)


@st.composite
def recordings(draw):
    """A few frames of none to three bodies with any coordinates."""
    frames = []
    for _ in range(draw(st.integers(0, 4))):
        bodies = draw(st.lists(st.integers(0, 2**63 - 1), max_size=3))
        numbers = [draw(st.lists(COORDINATES, min_size=5, max_size=5)) for _ in bodies]
        frames.append([(b, np.resize(n, (25, 3))) for b, n in zip(bodies, numbers, strict=True)])
    return frames


class TestGenerated:
    @settings(max_examples=80, deadline=None)
    @given(
        frames=recordings(),
        newline=st.sampled_from(['\n', '\r\n']),
        digits=st.integers(1, 17),
        end=st.booleans(),
    )
    def test_what_was_written_is_read(self, frames, newline, digits, end):
        content = text_of(frames, newline, digits)
        read = parse_skeleton(content if end else content.rstrip(), 'x')
        assert read.num_frames == len(frames)
        bodies = [
            (t, body_id, joints) for t, frame in enumerate(frames) for body_id, joints in frame
        ]
        assert read.frames.tolist() == [t for t, _, _ in bodies]
        assert read.body_ids == tuple(body_id for _, body_id, _ in bodies)
        written = [[float(f'{n:.{digits}g}') for n in joints.ravel()] for _, _, joints in bodies]
        expected = np.array(written, dtype=np.float32).reshape(-1, 25, 3)
        assert equal_bits(read.joints, expected)

    @settings(max_examples=300, deadline=None)
    @given(data=st.data())
    def test_the_fast_way_takes_nothing_that_the_careful_one_refuses(self, data):
        content = bytearray(text_of(recording(2, (FIRST_ID, 0, person(2)))))
        for _ in range(data.draw(st.integers(0, 3))):
            start = data.draw(st.integers(0, len(content)))
            stop = start + data.draw(st.integers(0, 3))
            content[start:stop] = data.draw(
                st.one_of(
                    st.binary(max_size=3),
                    st.sampled_from([b' ', b'\r', b'\n', b'\t', b'.', b'-', b'e', b'25', b'9']),
                )
            )
        content = bytes(content)
        try:
            num_frames, frames, body_ids, joints = parse_lines(content, 'x')
        except ValueError as error:
            with pytest.raises(ValueError, match='line') as caught:
                parse_skeleton(content, 'x')
            assert str(caught.value) == str(error)
            return
        assume(np.abs(joints).max(initial=0) < 3e38)
        read = parse_skeleton(content, 'x')
        assert (read.num_frames, read.body_ids) == (num_frames, tuple(body_ids))
        assert read.frames.tolist() == frames.tolist()
        assert equal_bits(read.joints, joints.astype(np.float32))

    @pytest.mark.parametrize('newline', ['\n', '\r\n'])
    def test_the_usual_file_is_read_the_fast_way(self, newline, careful_is_called):
        bodies = [(FIRST_ID, 1, person(5)), (FIRST_ID + 1, 0, person(7, 1))]
        content = text_of(recording(8, *bodies), newline)
        frames, body_ids, joints = reference(content)
        read = parse_skeleton(content, 'x')
        assert not careful_is_called
        assert read.num_frames == 8 and read.frames.tolist() == frames
        assert read.body_ids == tuple(body_ids)
        assert equal_bits(read.joints, joints.astype(np.float32))

    def test_ids_that_float64_does_not_tell_apart(self):
        one, other = FIRST_ID, FIRST_ID + 1
        assert float(one) == float(other)
        read = parse_skeleton(
            text_of(recording(1, (one, 0, person(1)), (other, 0, person(1)))), 'x'
        )
        assert read.body_ids == (one, other)

    @pytest.mark.parametrize('change', [(b' ', b'\t'), (b' ', b'  '), (b'\r\n', b' \r\n')])
    def test_other_white_space_is_left_to_the_careful_reader(self, change, careful_is_called):
        content = text_of(recording(3, (FIRST_ID, 0, person(3))))
        expected = parse_skeleton(content, 'x')
        assert equal_bits(parse_skeleton(content.replace(*change), 'x').joints, expected.joints)
        assert len(careful_is_called) == 1

    @pytest.mark.parametrize('content', [b'0\r\n', b'0', b'3\r\n0\r\n0\r\n0\r\n'])
    def test_nobody(self, content):
        read = parse_skeleton(content, 'x')
        assert read.joints.shape == (0, 25, 3) and read.body_ids == ()
        assert read.num_frames == int(content[:1])


class TestBroken:
    @pytest.mark.parametrize('what', broken_files())
    def test_one_sentence_names_file_and_line(self, what, tmp_path):
        path = write(tmp_path, 'S001C001P001R001A001', broken_files()[what])
        with pytest.raises(ValueError) as caught:
            read_skeleton(path)
        sentence = str(caught.value)
        assert sentence.startswith(str(path)) and sentence.endswith('.') and '\n' not in sentence
        assert what == 'beyond float32' or f'{path}, line ' in sentence

    @pytest.mark.parametrize(
        ('what', 'words'),
        [
            ('NaN', "line 5: expected a finite coordinate in metres, found 'NaN'"),
            ('infinite', "line 5: expected a finite coordinate in metres, found '-1e999'"),
            ('joint count', 'line 4: expected 25 joints, found 24'),
            ('field missing', 'line 5: expected 12 fields of a joint, found 11'),
            ('field too many', 'line 5: expected 12 fields of a joint, found 13'),
            ('truncated at a line', 'line 21: expected 12 fields of a joint, found the end'),
            ('more than stated', 'line 86: expected the end of the file after 3 frames'),
            ('empty', 'line 1: expected the number of frames, found the end of the file'),
        ],
    )
    def test_the_line_is_the_right_one(self, what, words):
        with pytest.raises(ValueError) as caught:
            parse_skeleton(broken_files()[what], 'x')
        assert words in str(caught.value)

    def test_absent_or_huge_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r'gone\.skeleton is not there'):
            read_skeleton(tmp_path / 'gone.skeleton')
        with open(tmp_path / 'huge.skeleton', 'wb') as file:
            file.truncate(65 * 2**20)
        with pytest.raises(ValueError, match='more than the .* allowed'):
            read_skeleton(tmp_path / 'huge.skeleton')


def test_real_files_equal_the_reference(ntu_samples_dir, careful_is_called):
    paths = sorted(ntu_samples_dir.glob('*.skeleton'))
    assert len(paths) == 3
    for path in paths:
        content = path.read_bytes()
        frames, body_ids, joints = reference(content)
        read = read_skeleton(path)
        assert read.num_frames == int(content.split(None, 1)[0])
        assert read.frames.tolist() == frames and read.body_ids == tuple(body_ids)
        assert equal_bits(read.joints, joints.astype(np.float32))
    assert not careful_is_called
