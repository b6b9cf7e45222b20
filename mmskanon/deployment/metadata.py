# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What an exported file says about itself: all that is needed to run it without mmskanon, and nothing about the machine it was made on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mmskanon.models.anonymizers import BaseAnonymizer
from mmskanon.skeletons.geometry import check_normalization
from mmskanon.skeletons.layouts import get_layout
from mmskanon.version import __version__

FORMAT = 'mmskanon-onnx/1'
SPACES = ('body', 'camera')
_JSON = (
    'joints',
    'layout_definition',
    'num_person',
    'num_coords',
    'normalization',
    'framewise',
    'frame_grid',
    'receptive_field',
    'latency',
)
PRIVACY = (
    'This file changes skeletons so that attackers of an audit recognize people less well; it makes nobody anonymous. What the method hides and '
    'what not stands in docs/anonymizers/index.md of mmskanon; number of frames and presence of persons pass unchanged. A lower precision changes the '
    'output and needs an audit of its own.'
)


def describe(
    anonymizer: BaseAnonymizer, space: str, precision: str, digests: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What goes into the file as ``metadata_props``.

    Args:
        anonymizer (BaseAnonymizer): What is exported; knows its normalization.
        space (str): ``'body'`` or ``'camera'``: the coordinates that the graph takes and gives.
        precision (str): One of :data:`~mmskanon.deployment.graph.PRECISIONS`.
        digests (Mapping[str, str], optional): SHA-256 of ``config`` and ``checkpoint``. Defaults to None.

    Returns:
        dict[str, str]: Keys with plain text or JSON.
    """
    layout = anonymizer.layout
    normalization = dict(center='first_frame', center_joint=None, rotate=True)
    normalization.update({k: v for k, v in anonymizer.normalization.items() if k != 'layout'})
    normalization['layout'] = asdict(get_layout(anonymizer.normalization['layout']))
    needed = [anonymizer.needed_frames(frame) for frame in range(anonymizer.frame_grid)]
    bounded = None not in needed
    values = dict(
        format=FORMAT,
        mmskanon_version=__version__,
        anonymizer=type(anonymizer).__name__,
        space=space,
        precision=precision,
        layout=layout.name,
        unit=layout.unit,
        joints=list(layout.joints),
        layout_definition=asdict(layout),
        num_person=anonymizer.num_person,
        num_coords=anonymizer.num_coords,
        normalization=normalization,
        framewise=anonymizer.framewise,
        frame_grid=anonymizer.frame_grid,
        receptive_field=anonymizer.receptive_field,
        latency=max(last - frame for frame, (_, last) in enumerate(needed)) if bounded else None,
        privacy=PRIVACY,
        **{f'{name}_sha256': digest for name, digest in (digests or {}).items()},
    )
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}


def read(found: Mapping[str, str], name: str) -> dict[str, Any]:
    """Read what :func:`describe` wrote.

    Args:
        found (Mapping[str, str]): ``metadata_props`` of a file.
        name (str): What the file is called, for the message.

    Returns:
        dict: Values as they were; ``layout_definition`` and that of ``normalization`` as :class:`SkeletonLayout`; what other tools have
        added as text.

    Raises:
        ValueError: If they were not written by mmskanon, or by a version that writes them in another way.
    """
    if found.get('format') != FORMAT:
        raise ValueError(
            f'{name}: expected a file that tools/export.py wrote ({FORMAT}), found {found.get("format", "none of its metadata")}; export the '
            'anonymizer again with this version of mmskanon.'
        )
    try:
        values = dict(found) | {key: json.loads(found[key]) for key in _JSON}
        values['layout_definition'] = get_layout(values['layout_definition'])
        normalization = values['normalization']
        normalization['layout'] = get_layout(normalization['layout'])
        options = {k: v for k, v in normalization.items() if k != 'rotate'}
        check_normalization(**options)
        known = dict(
            space=values['space'] in SPACES,
            num_person=type(values['num_person']) is int and values['num_person'] >= 1,
            num_coords=type(values['num_coords']) is int and values['num_coords'] in (2, 3),
            normalization=normalization['rotate'] in (True, False, 'invariant'),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{name}: its metadata are damaged ({type(error).__name__}: {error}); export the anonymizer again.'
        ) from error
    for key, right in known.items():
        if not right:
            raise ValueError(
                f'{name}: its metadata are damaged ({key} {values[key]!r}); export the anonymizer again.'
            )
    return values
