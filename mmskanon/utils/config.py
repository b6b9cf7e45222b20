# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Reading and adapting configs for the tools."""

import os.path as osp

import torch
from mmengine.config import Config


def read_config(path: str, overrides: dict | None = None) -> Config:
    """Read a config file and apply overrides from the command line.

    Args:
        path (str): Path of the config.
        overrides (dict, optional): As from mmengine's ``DictAction``. Defaults to None.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no valid config.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'config {path} does not exist; give the path of a .py config file.'
        )
    try:
        cfg = Config.fromfile(path)
    except (SyntaxError, NameError, AttributeError) as error:
        raise ValueError(
            f'config {path} cannot be read: {type(error).__name__}: {error}'
        ) from error
    if overrides:
        cfg.merge_from_dict(overrides)
    return cfg


def set_work_dir(cfg: Config, work_dir: str | None, path: str) -> None:
    """Work directory: the argument, else the config's, else ``work_dirs/<config name>``."""
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = osp.join('work_dirs', osp.splitext(osp.basename(path))[0])


def adapt_to_cpu(cfg: Config, launcher: str) -> None:
    """Let a config that is written for GPUs run on a machine without one, in place.

    Distributed runs then use gloo, and the default wrapper is told that parameters live on the CPU.
    """
    if torch.cuda.is_available():
        return
    cfg.env_cfg.dist_cfg = dict(cfg.env_cfg.get('dist_cfg') or {}, backend='gloo')
    if launcher != 'none' and cfg.get('model_wrapper_cfg') is None:
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False
        )


def skip_party_checkpoints(cfg: Config) -> None:
    """Before a checkpoint of the whole model is loaded: do not ask for the files that the parties were warm-started from."""
    if cfg.model.get('type') == 'AdversarialAnonymization':
        cfg.model.load_parties = False
