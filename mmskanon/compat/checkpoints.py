# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Checkpoints that MMEngine reads, read by an allow-list."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlparse


def install_checkpoint_loader() -> None:
    """Let MMEngine read local and downloaded checkpoints with :func:`mmskanon.io.load_checkpoint`.

    Fault: MMEngine 0.10.7 calls ``torch.load`` with its defaults. With PyTorch 2.6 or later that
    refuses MMEngine's own checkpoints; before that, and for downloads still today, it executes
    whatever a checkpoint contains. Can go when MMEngine saves plain data and loads with
    ``weights_only=True`` everywhere.
    """
    from mmengine.runner import checkpoint

    checkpoint.CheckpointLoader.register_scheme('', loader=load_from_local, force=True)
    checkpoint.load_url = load_url


def load_from_local(filename: str, map_location: Any = None) -> dict:
    """Load a checkpoint file for MMEngine, which logs this function's name after ``load_from_``.

    Args:
        filename (str): The file; ``~`` stands for the home folder.
        map_location (Any): Where tensors go, as for ``torch.load``. Defaults to None.

    Returns:
        dict: The content.
    """
    from mmskanon.io.checkpoints import load_checkpoint

    return load_checkpoint(filename, map_location)


def load_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
) -> dict:
    """Download a checkpoint unless it is in the cache, and load it without executing anything.

    Args:
        url (str): The address.
        model_dir (str | None): The cache folder. Defaults to None, the folder ``checkpoints`` of
            PyTorch's hub.
        map_location (Any): Where tensors go, as for ``torch.load``. Defaults to None.
        progress (bool): Whether to show progress. Defaults to True.
        check_hash (bool): Whether the name ends in ``-<digits of its SHA-256>`` to be checked.
            Defaults to False.
        file_name (str | None): Name in the cache. Defaults to None, the name in the address.

    Returns:
        dict: The content.
    """
    import torch

    from mmskanon.io.checkpoints import load_checkpoint

    folder = Path(model_dir or os.path.join(torch.hub.get_dir(), 'checkpoints'))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file_name or os.path.basename(urlparse(url).path))
    if not path.exists():
        found = re.search(r'-([a-f0-9]+)\.', path.name) if check_hash else None
        torch.hub.download_url_to_file(url, str(path), found and found[1], progress=progress)
    return load_checkpoint(path, map_location)
