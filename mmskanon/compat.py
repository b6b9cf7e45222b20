# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Shims for faults of the packages below us, installed before anything else of ours is imported.

Each says which fault it answers and when it can go. None changes what a healthy installation does.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlparse

_DRN_PACKAGE = 'mmaction.models.localizers.drn'
_DRN_MODULE = f'{_DRN_PACKAGE}.drn'

_UNACTIONABLE: tuple[tuple[str, type[Warning], str], ...] = (
    # mmengine imports torch.distributed.optim, which compiles functions with torch.jit.
    (r'`torch\.jit\.\w+` is deprecated', DeprecationWarning, r'torch\.jit\._script'),
    # mmcv-lite has no compiled operators, and no skeleton recipe uses one.
    (
        r'Fail to import ``MultiScaleDeformableAttention``',
        UserWarning,
        r'mmcv\.cnn\.bricks\.transformer',
    ),
    # mmengine imports and reloads pkg_resources to find packages; our requirements keep it there.
    (
        r'pkg_resources is deprecated as an API',
        UserWarning,
        r'mmengine\.utils\.package_utils|importlib',
    ),
    # mmengine makes its gradient scaler by the name that PyTorch had for it before 2.4.
    (
        r'`torch\.cuda\.amp\.GradScaler',
        FutureWarning,
        r'mmengine\.optim\.optimizer\.amp_optimizer_wrapper',
    ),
)
"""Warnings that no user can act on and why: start of the message, category and module."""

_SLURM = {
    'RANK': 'SLURM_PROCID',
    'WORLD_SIZE': 'SLURM_NTASKS',
    'LOCAL_RANK': 'SLURM_LOCALID',
}
_MPI = {
    'RANK': 'OMPI_COMM_WORLD_RANK',
    'WORLD_SIZE': 'OMPI_COMM_WORLD_SIZE',
    'LOCAL_RANK': 'OMPI_COMM_WORLD_LOCAL_RANK',
}


def install() -> None:
    """Install all shims; a second call changes nothing."""
    check_mmcv()
    silence_unactionable_warnings()
    install_drn_finder()
    install_config_scope()
    install_checkpoint_loader()
    silence_file_client()


def silence_unactionable_warnings() -> None:
    """Silence the listed warnings, each by its message, its category and the module it is from.

    Fault: importing MMEngine and MMAction2 on today's PyTorch warns about code inside them and
    inside PyTorch. A line of the list can go when its package no longer issues it.
    """
    for message, category, module in _UNACTIONABLE:
        warnings.filterwarnings('ignore', message, category, module)


def check_mmcv() -> None:
    """Say what to do where neither ``mmcv`` nor ``mmcv-lite`` is installed, or both are.

    Fault: MMAction2 needs one of the two, which own the same folder ``mmcv``; a package cannot require "either", and
    requiring one would put it on top of the other. Can go when MMAction2 declares what it needs.

    Raises:
        ModuleNotFoundError: If neither is installed.
    """
    if importlib.util.find_spec('mmcv') is None:
        raise ModuleNotFoundError(
            'mmskanon needs mmcv or mmcv-lite, and neither is installed. For skeletons run "pip install mmcv-lite==2.1.0"; '
            "for MMAction2's other recipes too, install the full mmcv 2.1 instead.",
            name='mmcv',
        )
    names = ('mmcv', 'mmcv-lite')
    if all(any(importlib.metadata.distributions(name=name)) for name in names):
        warnings.warn(
            'mmcv and mmcv-lite are both installed and have overwritten files of each other: run "pip uninstall mmcv '
            'mmcv-lite", then install one of them.',
            stacklevel=2,
        )


def install_drn_finder() -> None:
    """Let ``import mmaction.models`` succeed where the DRN localizer is missing.

    Fault: the folder ``mmaction/models/localizers/drn`` has no ``__init__.py``, so the mmaction2
    1.2.0 wheel on the package index lacks it, yet the package above imports it (mmaction2 issue
    2714). A source install has the folder, but importing it needs torchvision, which nothing
    declares. Can go when a release of mmaction2 imports without both.
    """
    if not any(isinstance(finder, DRNFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, DRNFinder())


def install_config_scope() -> None:
    """Let configs inherit with ``_base_ = 'mmskanon::...'``.

    Fault: MMEngine 0.10.7 keeps a fixed list of the packages whose configs may be inherited. Can go
    when it takes any installed package.
    """
    from mmengine.config.utils import MODULE2PACKAGE

    MODULE2PACKAGE.setdefault('mmskanon', 'mmskanon')


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


def silence_file_client() -> None:
    """Drop the notes that ``FileClient`` and ``HardDiskBackend`` are deprecated.

    Fault: the checkpoint hook of MMEngine 0.10.7 makes a ``FileClient`` on every run, which logs
    two warnings about itself. Can go when the hook uses MMEngine's own replacement.
    """
    from mmengine.fileio import file_client

    file_client.print_log = _print_unless_deprecation


def _print_unless_deprecation(message: Any, *args: Any, **kwargs: Any) -> None:
    """Log a message of ``mmengine.fileio.file_client`` unless it announces its own deprecation."""
    from mmengine.logging import print_log

    if 'will be deprecated in future' not in str(message):
        print_log(message, *args, **kwargs)


def load_from_local(filename: str, map_location: Any = None) -> dict:
    """Load a checkpoint file for MMEngine, which logs this function's name after ``load_from_``.

    Args:
        filename (str): The file; ``~`` stands for the home folder.
        map_location (Any): Where tensors go, as for ``torch.load``. Defaults to None.

    Returns:
        dict: The content.
    """
    from .io.checkpoints import load_checkpoint

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

    from .io.checkpoints import load_checkpoint

    folder = Path(model_dir or os.path.join(torch.hub.get_dir(), 'checkpoints'))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file_name or os.path.basename(urlparse(url).path))
    if not path.exists():
        found = re.search(r'-([a-f0-9]+)\.', path.name) if check_hash else None
        torch.hub.download_url_to_file(url, str(path), found and found[1], progress=progress)
    return load_checkpoint(path, map_location)


class DRNFinder(MetaPathFinder):
    """Finder that supplies the DRN localizer of MMAction2 where the real one cannot be imported.

    Only ``mmaction.models.localizers.drn`` and ``mmaction.models.localizers.drn.drn`` are looked
    at. Where the real module exists it is loaded; the stand-in takes its place only if that ends in
    an ``ImportError`` about another package.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the real module's spec, guarded, or that of the stand-in."""
        if fullname not in (_DRN_PACKAGE, _DRN_MODULE):
            return None
        spec = self._find_real(fullname, path, target)
        if spec is None:
            loader = StandInLoader(
                'this installation of mmaction2 lacks it; install mmaction2 from source'
            )
            return ModuleSpec(fullname, loader, is_package=fullname == _DRN_PACKAGE)
        if fullname == _DRN_MODULE and spec.loader is not None:
            spec.loader = FallbackLoader(spec.loader)
        return spec

    @staticmethod
    def _find_real(
        fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        """Ask all other finders."""
        for finder in sys.meta_path:
            if not isinstance(finder, DRNFinder) and hasattr(finder, 'find_spec'):
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    return spec
        return None


class StandInLoader(Loader):
    """Loader of a module with a class ``DRN`` that explains itself when it is built.

    Args:
        reason (str): Why the real class is not there and what to do.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def exec_module(self, module: ModuleType) -> None:
        """Define the class and register it, so that a config that names it is answered too."""
        if module.__name__ == _DRN_PACKAGE:
            return
        message = f'DRN, the temporal localizer of MMAction2, cannot be used: {self.reason}.'

        class DRN:
            """Stand-in for the DRN localizer of MMAction2."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                raise ImportError(message)

        DRN.__module__ = module.__name__
        DRN.__qualname__ = 'DRN'
        module.DRN = importlib.import_module('mmaction.registry').MODELS.register_module(
            name='DRN', module=DRN, force=True
        )


class FallbackLoader(Loader):
    """Loader that runs the real one and leaves a stand-in if another package is missing.

    Args:
        real (Loader): The loader of the real module.
    """

    def __init__(self, real: Loader) -> None:
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let the real loader make the module."""
        return self.real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the real module, or make it the stand-in."""
        module.__spec__.loader = module.__loader__ = self.real
        try:
            self.real.exec_module(module)
        except ImportError as error:
            if (error.name or '').split('.')[0] == 'mmaction':
                raise
            for name in [name for name in vars(module) if not name.startswith('__')]:
                delattr(module, name)
            reason = f'importing it failed ({error}); install what is missing'
            StandInLoader(reason).exec_module(module)


def init_cpu_process_group(launcher: str) -> None:
    """Create the process group of a distributed run on machines without an accelerator.

    Fault: MMEngine 0.10.7 calls ``torch.cuda.set_device`` for every launcher, and divides by the
    number of GPUs under Slurm, so a run on CPUs cannot start. It skips all that where a group
    exists already; this makes one with gloo, and sets the environment variables that MMEngine
    reads. Can go when MMEngine starts on CPUs by itself.

    Args:
        launcher (str): 'none', 'pytorch', 'slurm' or 'mpi', as for MMEngine's runner. Nothing is
            done for 'none', where an accelerator is present, or where a group exists.

    Raises:
        RuntimeError: If a variable that the launcher should have set is missing or not a number.
        ValueError: If the launcher is unknown.
    """
    if launcher not in ('none', 'pytorch', 'slurm', 'mpi'):
        raise ValueError(
            f"launcher is {launcher!r}; expected one of 'none', 'pytorch', 'slurm' and 'mpi'"
        )
    from torch import distributed

    if launcher == 'none' or _has_accelerator() or distributed.is_initialized():
        return
    settings = read_launcher_environment(launcher)
    os.environ.update(settings)
    distributed.init_process_group(
        'gloo', rank=int(settings['RANK']), world_size=int(settings['WORLD_SIZE'])
    )


def read_launcher_environment(launcher: str) -> dict[str, str]:
    """Return what a launcher says about this process, under PyTorch's names.

    Args:
        launcher (str): 'pytorch', 'slurm' or 'mpi'.

    Returns:
        dict[str, str]: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT.

    Raises:
        RuntimeError: If a variable is missing or not a number.
    """

    def number(variable: str) -> str:
        value = _required(variable, launcher)
        if not value.isdecimal():
            raise RuntimeError(
                f'the environment variable {variable} is {value!r}; expected a number, '
                f'as launcher {launcher!r} sets it'
            )
        return value

    names = {'slurm': _SLURM, 'mpi': _MPI}.get(launcher, {})
    settings = {
        name: number(names.get(name, name)) for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK')
    }
    if launcher == 'slurm' and 'MASTER_ADDR' not in os.environ:
        settings['MASTER_ADDR'] = first_slurm_host(_required('SLURM_NODELIST', launcher))
    else:
        settings['MASTER_ADDR'] = _required('MASTER_ADDR', launcher)
    if launcher != 'pytorch':
        os.environ.setdefault('MASTER_PORT', '29500')
    settings['MASTER_PORT'] = number('MASTER_PORT')
    return settings


def first_slurm_host(nodes: str) -> str:
    """Return the first host of a Slurm node list, by ``scontrol`` or, without it, by the notation.

    Args:
        nodes (str): For example ``'node[01-04,07],gpu3'``.

    Returns:
        str: For example ``'node01'``.
    """
    scontrol = shutil.which('scontrol')
    if scontrol:
        done = subprocess.run(
            [scontrol, 'show', 'hostnames', nodes], capture_output=True, text=True, check=False
        )
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.split()[0]
    first = re.split(r',(?![^\[]*\])', nodes)[0]
    return re.sub(r'\[([^\],-]+)[^\]]*\]', r'\1', first)


def _required(variable: str, launcher: str) -> str:
    """Return an environment variable that the launcher must have set."""
    value = os.environ.get(variable, '')
    if not value:
        raise RuntimeError(
            f'the environment variable {variable} is not set; expected launcher {launcher!r} to '
            'set it: start the tool through that launcher, or with --launcher none'
        )
    return value


def _has_accelerator() -> bool:
    """Return whether MMEngine will find a device that it can set for a process."""
    from mmengine import device

    return any(
        check()
        for check in (
            device.is_cuda_available,
            device.is_npu_available,
            device.is_mlu_available,
            device.is_musa_available,
        )
    )
