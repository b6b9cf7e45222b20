# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Shims for faults of the packages below us, installed before anything else of ours is imported.

Each says which fault it answers and when it can go. None changes what a healthy installation does. Nothing here imports PyTorch,
MMEngine or MMAction2 before it is called.
"""

from .checkpoints import install_checkpoint_loader, load_from_local, load_url
from .config_scope import install_config_scope
from .drn import DRNFinder, install_drn_finder
from .launch import (
    end_cpu_process_group,
    first_slurm_host,
    init_cpu_process_group,
    read_launcher_environment,
)
from .mmcv import check_mmcv
from .silence import silence_file_client, silence_unactionable_warnings

__all__ = [
    'end_cpu_process_group',
    'DRNFinder',
    'check_mmcv',
    'first_slurm_host',
    'init_cpu_process_group',
    'install',
    'install_checkpoint_loader',
    'install_config_scope',
    'install_drn_finder',
    'load_from_local',
    'load_url',
    'read_launcher_environment',
    'silence_file_client',
    'silence_unactionable_warnings',
]


def install() -> None:
    """Install all shims; a second call changes nothing."""
    check_mmcv()
    silence_unactionable_warnings()
    install_drn_finder()
    install_config_scope()
    install_checkpoint_loader()
    silence_file_client()
