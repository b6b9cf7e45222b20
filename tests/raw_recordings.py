# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Folders of made-up raw recordings, and configs of anonymizers that need no weights."""

from pathlib import Path

import numpy as np
from builders import LAYOUT, PIPELINE
from mmengine.config import Config

from mmskanon.recordings import FORMATS, Recording


def config(kind='IdentityAnonymizer', layout=LAYOUT, persons=1, made=(), **changes) -> Config:
    """Config of an anonymizer without weights."""
    normalize = dict(PIPELINE[0], layout=layout)
    return Config(
        dict(
            default_scope='mmskanon',
            model=dict(anonymizer=dict(made, type=kind, layout=layout, num_person=persons)),
            test_dataloader=dict(dataset=dict(pipeline=[normalize])),
            **changes,
        )
    )


def clip(seed: int, frames: int, joints=20) -> np.ndarray:
    """A walk of one person, shape (1, T, V, 3)."""
    rng = np.random.default_rng(seed)
    body = rng.normal(scale=0.3, size=(1, 1, joints, 3))
    sway = 0.1 * np.sin(np.arange(frames) / 5 + rng.normal())[None, :, None, None]
    return (body + sway + [0, 0, 3]).astype(np.float32)


def utd_folder(folder: Path, count=20) -> Path:
    """Recordings named and written like those of UTD-MHAD, of 10 to 13 frames."""
    folder.mkdir(parents=True)
    for number in range(count):
        action, rest = divmod(number, 12)
        name = f'a{action + 1}_s{rest // 4 + 1}_t{rest % 4 + 1}_skeleton.mat'
        keypoint = clip(number, 10 + number % 4)
        content = FORMATS['utd_mhad'].write(Recording(keypoint), keypoint)
        (folder / name).write_bytes(content)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }
