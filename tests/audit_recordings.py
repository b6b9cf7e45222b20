# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recordings for the tests of the audit."""

from builders import annotations


def recordings(cameras: int = 1, genders: bool = False, **kwargs) -> dict:
    """The annotations of :func:`builders.annotations`, filmed by several cameras at once, with a gender by turns.

    Names end in the camera: ``a1_s1_t1_c1``. Cameras show the same clip, and splits list all of them.
    """
    data = annotations(**kwargs)
    samples = []
    for sample in data['annotations']:
        for camera in range(1, cameras + 1):
            copy = dict(sample, frame_dir=f'{sample["frame_dir"]}_c{camera}', camera=camera)
            if genders:
                copy['gender'] = 'fm'[sample['subject'] % 2]
            samples.append(copy)
    split = {
        part: [f'{n}_c{c}' for n in names for c in range(1, cameras + 1)]
        for part, names in data['split'].items()
    }
    return dict(split=split, annotations=samples)
