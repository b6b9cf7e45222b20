# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Distributed runs on machines without an accelerator."""

import logging
import os
import re
import shutil
import subprocess
import sys

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
        ValueError: If the launcher is unknown, or a variable that it should have set is missing or not a number.
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


def end_cpu_process_group(status: int) -> None:
    """End this process if it belongs to a group of gloo processes that has done its work; return otherwise.

    Fault: with PyTorch 2.13 a thread of gloo may still run while the interpreter takes itself apart, which ends the process
    with SIGABRT after a run that went well, and torchrun then reports a failure. Can go when it no longer does.

    Args:
        status (int): Exit status.
    """
    if 'torch' not in sys.modules:
        return
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return
    if distributed.get_backend() != 'gloo':
        return
    distributed.barrier()  # nobody leaves while another still waits for an answer
    distributed.destroy_process_group()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def read_launcher_environment(launcher: str) -> dict[str, str]:
    """Return what a launcher says about this process, under PyTorch's names.

    Args:
        launcher (str): 'pytorch', 'slurm' or 'mpi'.

    Returns:
        dict[str, str]: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT.

    Raises:
        ValueError: If a variable is missing or not a number.
    """

    def number(variable: str) -> str:
        value = _required(variable, launcher)
        if not value.isdecimal():
            raise ValueError(
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
        raise ValueError(
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
