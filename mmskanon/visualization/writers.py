# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write a moving picture: GIF through Pillow, MP4 through OpenCV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from mmskanon.io.atomic import atomic_path

# Viewers slow down a GIF whose frames stay for less than 0.02 s.
GIF_MAX_FPS = 50.0
_GIF_COLORS = 64
_GIF_FLAT_COLORS = 16
_GIF_SCALE_COLORS = 256
_PIECE = 1 << 14


def gif_durations(num_frames: int, fps: float) -> list[int]:
    """Return how long each frame of a GIF stays, in milliseconds.

    GIF counts in hundredths of a second; the rounding is spread so that the clip as a whole keeps its length.

    Args:
        num_frames (int): Number of frames.
        fps (float): Frames a second.

    Returns:
        list[int]: Multiples of 10.
    """
    ticks = np.round(np.arange(num_frames + 1) * 100 / fps)
    return [int(d) * 10 for d in np.diff(ticks)]


def write_gif(
    frames: Sequence[np.ndarray],
    out_path: str | Path,
    fps: float,
    overwrite: bool = False,
    scale: np.ndarray | None = None,
) -> None:
    """Write frames as an endless GIF with one palette for all of them, so that nothing flickers.

    Args:
        frames (Sequence[np.ndarray]): RGB images (H, W, 3), or RGBA images (H, W, 4) of which the last channel is not looked at, uint8.
        out_path (str | Path): File to write.
        fps (float): Frames a second, at most 50.
        overwrite (bool): Replace an existing file. Defaults to False.
        scale (np.ndarray, optional): RGB of a scale of colours (P, 3), uint8, P at most 128, which the palette is to hold exactly.
            The file is larger for it. Defaults to None, none.

    Raises:
        FileExistsError: If the file exists and may not be replaced.
    """
    from PIL import Image

    packed = [_pack(frame) for frame in frames]
    palette = _palette(packed) if scale is None else _palette(packed, scale, _GIF_SCALE_COLORS)
    # One entry for each of the 2^24 colours; filled in for those that occur.
    table = np.zeros(1 << 24, dtype=np.uint8)
    for frame in packed:
        table[frame] = 1
    colors = np.flatnonzero(table)
    table[colors] = _nearest(_unpack(colors), palette)
    images = []
    for frame in packed:
        image = Image.fromarray(table[frame])
        image.putpalette(palette.tobytes())
        images.append(image)
    with atomic_path(out_path, overwrite=overwrite) as temporary, open(temporary, 'wb') as file:
        images[0].save(
            file,
            format='GIF',
            save_all=True,
            append_images=images[1:],
            duration=gif_durations(len(images), fps),
            loop=0,
            optimize=False,
        )


def _pack(frame: np.ndarray) -> np.ndarray:
    """Return RGB or RGBA (H, W, 3 or 4) as one number below 2^24 a pixel (H, W)."""
    if frame.shape[-1] == 3:
        opaque = np.zeros((*frame.shape[:2], 1), np.uint8)
        frame = np.concatenate([frame, opaque], axis=-1)
    return np.ascontiguousarray(frame).view('<u4')[..., 0] & 0xFFFFFF


def _unpack(colors: np.ndarray) -> np.ndarray:
    """Return packed colours (P,) as RGB (P, 3), uint8."""
    return np.stack([colors, colors >> 8, colors >> 16], axis=-1).astype(np.uint8)


def _palette(
    packed: Sequence[np.ndarray], exact: np.ndarray | None = None, most: int = _GIF_COLORS
) -> np.ndarray:
    """Return at most so many colours (P, 3) for packed pictures: given and frequent ones exactly, a selection of the others."""
    from PIL import Image

    exact = np.zeros((0, 3), np.uint8) if exact is None else exact
    sampled = [packed[i] for i in np.unique(np.linspace(0, len(packed) - 1, 4).astype(int))]
    colors, counts = np.unique(np.stack(sampled), return_counts=True)
    by_frequency = _unpack(colors[np.argsort(-counts.astype(np.int64), kind='stable')])
    flat, rest = by_frequency[:_GIF_FLAT_COLORS], by_frequency[_GIF_FLAT_COLORS:]
    flat = np.concatenate([flat, exact])
    if not len(rest):
        return flat
    shades = Image.fromarray(rest[None]).quantize(most - len(flat)).getpalette()
    return np.concatenate([flat, np.array(shades, np.uint8).reshape(-1, 3)])[:most]


def _nearest(colors: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return for colours (P, 3) the indices of the closest entries of a palette, uint8 (P,)."""
    palette = palette.astype(np.float32)
    offset = (palette**2).sum(axis=1)
    nearest = np.empty(len(colors), np.uint8)
    # In pieces, because all distances at once would take gigabytes where there are many colours.
    for start in range(0, len(colors), _PIECE):
        piece = colors[start : start + _PIECE].astype(np.float32)
        nearest[start : start + _PIECE] = (offset - 2 * piece @ palette.T).argmin(axis=1)
    return nearest


def write_mp4(
    frames: Iterable[np.ndarray], out_path: str | Path, fps: float, overwrite: bool = False
) -> None:
    """Write frames as MPEG-4 video, which desktop players show; for web pages a GIF is the safer choice.

    Args:
        frames (Iterable[np.ndarray]): RGB or RGBA images (H, W, 3 or 4), uint8, one at least, of which one at a time is kept. An odd last row
            or column is cut off.
        out_path (str | Path): File to write.
        fps (float): Frames a second.
        overwrite (bool): Replace an existing file. Defaults to False.

    Raises:
        ImportError: If OpenCV is not installed.
        FileExistsError: If the file exists and may not be replaced.
        OSError: If OpenCV could not write all frames: no MP4 encoder in this build, or no space on the disk.
    """
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            'writing MP4 needs OpenCV: pip install opencv-python-headless, or write a .gif instead'
        ) from error
    frames = iter(frames)
    first = next(frames)
    height, width = (n - n % 2 for n in first.shape[:2])
    with atomic_path(out_path, overwrite=overwrite) as temporary:
        writer = cv2.VideoWriter(
            str(temporary), cv2.VideoWriter_fourcc(*'mp4v'), fps, (width, height)
        )
        number = 0
        try:
            for frame in chain([first], frames):
                writer.write(np.ascontiguousarray(frame[:height, :width, 2::-1]))
                number += 1
        finally:
            writer.release()
        # OpenCV reports neither a missing encoder nor a full disk.
        written = cv2.VideoCapture(str(temporary)).get(cv2.CAP_PROP_FRAME_COUNT)
        if written != number:
            raise OSError(
                f'OpenCV {cv2.__version__} could not write {out_path} as MP4 (mp4v): write a .gif instead, '
                'or check that the disk has space'
            )
