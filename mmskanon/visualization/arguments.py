# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Arguments of the tools that show recordings."""

from __future__ import annotations

import argparse

from mmskanon.skeletons.layouts import LAYOUTS

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
