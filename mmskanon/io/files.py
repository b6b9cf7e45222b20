# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Where the files of a data set are: folders with all that links in them lead to, and names as any system writes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: str | Path) -> Iterator[str]:
    """Yield the paths of all files in a folder and its subfolders, links followed.

    Args:
        folder (str | Path): The folder.

    Yields:
        str: A path that begins with that of the folder, in any order; a link that leads to nothing counts as a file.

    Raises:
        ValueError: If a folder is met twice, by a link.
    """
    seen: set[str] = set()
    for root, _, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            raise ValueError(
                f'{root} leads to {real}, which belongs to {folder} already; remove the link.'
            )
        seen.add(real)
        yield from (os.path.join(root, name) for name in names)


def base_name(filename: str) -> str:
    """Return the last part of a name with folders, of whatever system: some zip programs write backslashes."""
    return filename.replace('\\', '/').rpartition('/')[2]


def is_named(name: str, suffix: str) -> bool:
    """Tell whether a file without its folder is one of a kind.

    Args:
        name (str): Its name.
        suffix (str): How such files end, in lower case.

    Returns:
        bool: Whether it ends so, in capitals perhaps, and is none of the twins that macOS writes beside files.
    """
    return name.lower().endswith(suffix) and not name.startswith('._')
