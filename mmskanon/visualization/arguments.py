# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Arguments of the tools that show recordings."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmskanon.skeletons.layouts import LAYOUTS
from mmskanon.utils import split_name

from .viewer.page import check_methods
from .views import UPS


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how recordings are to be understood: ``--layout``, ``--up`` and ``--fps``.

    Args:
        parser (argparse.ArgumentParser): Parser of the tool, changed in place.
    """
    parser.add_argument(
        '--layout', choices=sorted(LAYOUTS), help='skeleton layout (default: by number of joints)'
    )
    parser.add_argument(
        '--up',
        choices=UPS,
        help='y: camera space, z: normalised skeletons, -y: image (default: y, or -y for 2D layouts)',
    )
    parser.add_argument(
        '--fps',
        type=float,
        default=30.0,
        help='frames a second of the recording (default: %(default)s)',
    )


def methods_of(words: Sequence[str]) -> dict[str, str]:
    """Return the file of each method.

    Args:
        words (Sequence[str]): ``FILE`` or ``NAME=FILE``.

    Returns:
        dict[str, str]: File by name of the method.

    Raises:
        ValueError: If the names do not fit on one page or into one picture.
    """
    split = [split_name(word) for word in words]
    pairs = [(Path(file).stem if name is None else name, file) for name, file in split]
    try:
        check_methods([name for name, _ in pairs])
    except ValueError as error:
        raise ValueError(f'{error}; give methods other names with NAME=FILE') from None
    return dict(pairs)
