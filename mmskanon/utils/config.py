# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Reading, checking and adapting configs for the tools."""

import difflib
import os.path as osp
from collections.abc import Mapping, Sequence

import torch
from mmengine.config import Config


def read_config(path: str, overrides: dict | None = None, needs: Sequence[str] = ()) -> Config:
    """Read a config file and apply overrides from the command line.

    Args:
        path (str): Path of the config.
        overrides (dict, optional): As from mmengine's ``DictAction``. Defaults to None.
        needs (Sequence[str]): Top-level keys that the tool cannot do without. Defaults to ().

    Raises:
        FileNotFoundError: If there is no such file, or no such base.
        ValueError: If the file is no valid config.
        ImportError: If it names a module that cannot be imported.
        KeyError: If the config lacks a key.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'config {path} does not exist; give the path of a .py config file.'
        )
    try:
        cfg = Config.fromfile(path)
    except ImportError as error:
        raise ImportError(
            f'config {path} cannot be read: {error.__cause__ or error}; set PYTHONPATH to the folder of its custom_imports.'
        ) from error
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'config {path} cannot be read: {error}; correct its _base_.'
        ) from error
    except Exception as error:  # a config is code
        raise ValueError(
            f'config {path} cannot be read: {type(error).__name__}: {error}'
        ) from error
    # MMEngine writes the config into logs and into each checkpoint; formatting it with yapf takes most of a second each time.
    cfg.__dict__['_format_python_code'] = False
    if overrides:
        cfg.merge_from_dict(overrides)
        _forget_delete(cfg, overrides)
    missing = [key for key in needs if cfg.get(key) is None]
    if missing:
        raise KeyError(
            f'config {path} does not set {", ".join(missing)}; inherit a whole recipe with _base_, or set what is missing.'
        )
    return cfg


def _forget_delete(cfg: Config, overrides: Mapping) -> None:
    """Take out what MMEngine leaves in a dict that was to replace one, where there was none to replace."""
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            place = cfg
            for part in key.split('.'):
                place = place[
                    int(part) if part.isdigit() and not isinstance(place, Mapping) else part
                ]
            place.pop('_delete_', None)


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
    env_cfg = cfg.get('env_cfg') or {}
    dist_cfg = dict(env_cfg.get('dist_cfg') or {}, backend='gloo')
    cfg.env_cfg = dict(env_cfg, dist_cfg=dist_cfg)
    if launcher != 'none' and cfg.get('model_wrapper_cfg') is None:
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False
        )


def enable_auto_scale_lr(cfg: Config) -> None:
    """Let MMEngine scale learning rates to the actual batch size, in place.

    Raises:
        KeyError: If the config does not tell for which batch size its rates were chosen.
    """
    settings = cfg.get('auto_scale_lr') or {}
    if settings.get('base_batch_size') is None:
        raise KeyError(
            '--auto-scale-lr: the config has no auto_scale_lr.base_batch_size; set it to the batch size (all processes '
            'together) for which its learning rates were chosen.'
        )
    cfg.auto_scale_lr = dict(settings, enable=True)


def resolve_model_wrapper(cfg: Config) -> None:
    """Write the full name of the distributed wrapper into a config, in place.

    MMEngine looks the wrapper up at the root of its registries, where names of other packages are unknown.

    Raises:
        KeyError: If there is no wrapper of that name.
    """
    from mmskanon.registry import MODEL_WRAPPERS

    name = (cfg.get('model_wrapper_cfg') or {}).get('type')
    if name is None or MODEL_WRAPPERS.root.get(name) is not None:
        return
    wrapper = MODEL_WRAPPERS.get(name)
    if wrapper is None:
        raise KeyError(
            f"model_wrapper_cfg.type is '{name}', which is no model wrapper; correct the spelling, or take "
            "'PartyDistributedDataParallel' for models of several parties."
        )
    cfg.model_wrapper_cfg.type = f'{wrapper.__module__}.{wrapper.__name__}'


def skip_party_checkpoints(cfg: Config) -> None:
    """Before a checkpoint of the whole model is loaded: do not ask for the files that the parties were warm-started from."""
    if cfg.model.get('type') == 'AdversarialAnonymization':
        cfg.model.load_parties = False


def check_optimizers(optim_wrapper: Mapping) -> None:
    """Check that every optimizer of a config exists, which MMEngine's own error does not tell.

    Args:
        optim_wrapper (Mapping): ``cfg.optim_wrapper`` of one optimizer or of one per party.

    Raises:
        KeyError: If a wrapper has no optimizer, or one of an unknown type.
    """
    from mmskanon.registry import OPTIMIZERS

    wrappers = {'optim_wrapper': optim_wrapper}
    if 'optimizer' not in optim_wrapper:
        wrappers = {
            f'optim_wrapper.{name}': cfg
            for name, cfg in optim_wrapper.items()
            if isinstance(cfg, Mapping) and name != 'paramwise_cfg'
        }
    for key, cfg in wrappers.items():
        kind = (cfg.get('optimizer') or {}).get('type')
        if kind is None:
            raise KeyError(
                f"{key} has no optimizer; set for example {key}.optimizer=dict(type='SGD', lr=0.01)."
            )
        if isinstance(kind, str) and OPTIMIZERS.get(kind) is None:
            known = OPTIMIZERS.root.module_dict
            similar = difflib.get_close_matches(kind, known, n=1)
            advice = f"did you mean '{similar[0]}'?" if similar else f'known are {sorted(known)}.'
            raise KeyError(f"{key}.optimizer.type is '{kind}', which is no optimizer; {advice}")
