# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What tells results apart: digests of data, of settings, and of the code that made them."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import mmskanon
from mmskanon.skeletons.layouts import SkeletonLayout

_CODE = (
    *('audit/attackers/*.py', 'audit/features/*.py', 'audit/clips.py', 'audit/inversion.py'),
    *('skeletons/body_parts.py', 'skeletons/geometry.py'),
    *('skeletons/resampling.py', 'skeletons/upright.py'),
)
_LIBRARIES = ('numpy', 'scipy', 'scikit-learn', 'torch')


def digest_of(*parts: object) -> str:
    """Digest of bytes and of whatever JSON can write, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True, default=str)
        digest.update(data if isinstance(data, bytes) else data.encode())
        digest.update(b'\0')
    return digest.hexdigest()[:20]


@cache
def code_digest() -> str:
    """Digest of the code and of the libraries that clips, features and attackers depend on: what others made is not taken for theirs."""
    here = Path(mmskanon.__file__).parent
    files = [file for pattern in _CODE for file in sorted(here.glob(pattern))]
    return digest_of(*(f.read_bytes() for f in files), *map(version, _LIBRARIES))


def layout_digest(layout: SkeletonLayout) -> str:
    """Digest of what a layout says of bodies, whatever it is called."""
    facts = (layout.joints, layout.parents, layout.center, layout.dims, layout.bone_pairs)
    return digest_of(*facts, layout.spine, layout.shoulders, layout.unit)
