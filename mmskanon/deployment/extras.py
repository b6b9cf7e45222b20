# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The packages of ``mmskanon[onnx]``, which not everybody installs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def onnx_extra() -> Iterator[None]:
    """Say in one sentence what to install where an import of the block fails.

    Raises:
        ImportError: If a package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            f'the package {error.name} is not installed, which ONNX files need; install it with: pip install "mmskanon[onnx]"'
        ) from error
