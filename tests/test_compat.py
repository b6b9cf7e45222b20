# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Each shim helps where the fault is, and changes nothing where it is not."""

import importlib
import importlib.machinery
import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.fileio import FileClient
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader, load_from_http

from mmskanon import compat
from mmskanon.io import UnsafePickleError

REPO = Path(__file__).resolve().parents[1]


def start(code, *flags, **variables):
    """Start a Python process with our package, and nothing of a launcher, in its environment."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('SLURM_', 'OMPI_', 'MASTER_', 'RANK', 'WORLD_SIZE', 'LOCAL_RANK'))
    }
    path = os.pathsep.join(filter(None, [str(REPO), environment.get('PYTHONPATH')]))
    environment.update(PYTHONPATH=path, OMP_NUM_THREADS='1', **variables)
    return subprocess.Popen(
        [sys.executable, *flags, '-c', code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


# Installation


def test_importing_prints_nothing():
    code = 'import mmskanon, mmskanon.registry; import mmaction.models, mmaction.datasets, mmaction.apis'
    assert finish(start(code, '-W', 'default')) == ('', '')


def test_installing_twice_changes_nothing():
    def state():
        schemes = dict(CheckpointLoader._schemes)
        return list(sys.meta_path), schemes, sorted(map(repr, warnings.filters))

    compat.install()
    before = state()
    compat.install()
    assert state() == before


def test_configs_of_this_package_may_be_inherited():
    assert MODULE2PACKAGE['mmskanon'] == 'mmskanon'
    assert MODULE2PACKAGE['mmaction'] == 'mmaction2'


# The DRN localizer


FAKE = {
    '__init__.py': '',
    'registry.py': (
        'class Registry(dict):\n'
        '    def register_module(self, name, module, force=False):\n'
        '        self[name] = module\n'
        '        return module\n'
        'MODELS = Registry()\n'
    ),
    'models/__init__.py': '',
    'models/localizers/__init__.py': 'from .drn.drn import DRN\n',
}


@pytest.fixture
def fake_mmaction(tmp_path, monkeypatch):
    """Function that writes a small package ``mmaction`` and imports its localizers."""
    real = {
        name: sys.modules.pop(name)
        for name in list(sys.modules)
        if name.split('.')[0] == 'mmaction'
    }

    def load(**files):
        for name, text in {**FAKE, **files}.items():
            path = tmp_path / 'mmaction' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        return importlib.import_module('mmaction.models.localizers')

    yield load
    for name in [name for name in sys.modules if name.split('.')[0] == 'mmaction']:
        del sys.modules[name]
    sys.modules.update(real)


def test_models_of_the_installed_mmaction2_can_be_imported():
    localizers = importlib.import_module('mmaction.models.localizers')
    models = importlib.import_module('mmaction.registry').MODELS
    assert models.get('DRN') is localizers.DRN
    assert models.get('STGCN') is not None


def test_a_stand_in_where_the_folder_is_missing(fake_mmaction):
    localizers = fake_mmaction()
    with pytest.raises(
        ImportError, match='DRN, .* cannot be used: .* install mmaction2 from source'
    ):
        localizers.DRN(vocab_size=3)
    assert sys.modules['mmaction.registry'].MODELS['DRN'] is localizers.DRN
    assert localizers.DRN.__module__ == 'mmaction.models.localizers.drn.drn'


@pytest.mark.parametrize('package', ['no_such_vision_package', 'no_such_vision_package.ops'])
def test_a_stand_in_where_a_package_is_missing(fake_mmaction, package):
    localizers = fake_mmaction(
        **{
            'models/localizers/drn/drn.py': 'half = 1\nfrom .drn_utils import loss\nclass DRN: pass\n',
            'models/localizers/drn/drn_utils/__init__.py': '',
            'models/localizers/drn/drn_utils/loss.py': f'import {package}\n',
        }
    )
    with pytest.raises(ImportError, match='no_such_vision_package.*install what is missing'):
        localizers.DRN()
    assert not hasattr(sys.modules['mmaction.models.localizers.drn.drn'], 'half')


def test_the_real_class_where_it_can_be_imported(fake_mmaction):
    localizers = fake_mmaction(
        **{
            'models/localizers/drn/drn.py': 'from .drn_utils import loss\nclass DRN: real = loss.ok\n',
            'models/localizers/drn/drn_utils/__init__.py': '',
            'models/localizers/drn/drn_utils/loss.py': 'ok = True\n',
        }
    )
    module = sys.modules['mmaction.models.localizers.drn.drn']
    assert localizers.DRN().real
    assert type(module.__spec__.loader) is importlib.machinery.SourceFileLoader
    assert module.__file__.endswith('drn.py')


def test_a_regular_package_is_untouched_too(fake_mmaction):
    localizers = fake_mmaction(
        **{
            'models/localizers/drn/__init__.py': '',
            'models/localizers/drn/drn.py': 'class DRN: real = True\n',
        }
    )
    assert localizers.DRN().real


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('from mmaction.models.localizers import nothing', ImportError),
        ('import mmaction.nothing', ImportError),
        ('raise RuntimeError("broken")', RuntimeError),
        ('1 +', SyntaxError),
    ],
)
def test_other_faults_of_the_real_module_are_shown(fake_mmaction, text, error):
    with pytest.raises(error):
        fake_mmaction(**{'models/localizers/drn/drn.py': f'{text}\n'})


def test_other_modules_are_not_looked_at():
    finder = next(f for f in sys.meta_path if isinstance(f, compat.DRNFinder))
    assert finder.find_spec('mmaction.models.localizers.bmn', []) is None
    assert finder.find_spec('mmaction.models.localizers.drn.drn_utils', []) is None


# Checkpoints


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


@pytest.fixture
def checkpoints(tmp_path):
    """A good file, a bad one, and what the bad one would make."""
    sentinel = tmp_path / 'sentinel'
    good, bad = tmp_path / 'good-0123.pth', tmp_path / 'bad.pth'
    torch.save({'state_dict': {'x': torch.ones(2)}}, good)
    torch.save({'state_dict': {'x': Call(os.system, f'touch {sentinel}')}}, bad)
    return good, bad, sentinel


def test_mmengine_loads_files_through_the_allow_list(checkpoints):
    good, bad, sentinel = checkpoints
    loader = CheckpointLoader._get_checkpoint_loader(str(good))
    assert loader is compat.load_from_local
    assert loader.__name__[10:] == 'local'  # what MMEngine prints
    loaded = CheckpointLoader.load_checkpoint(str(good), map_location='cpu', logger=None)
    assert loaded['state_dict']['x'].tolist() == [1, 1]
    with pytest.raises(UnsafePickleError, match='system'):
        CheckpointLoader.load_checkpoint(str(bad), map_location='cpu', logger=None)
    with pytest.raises(FileNotFoundError, match='does not exist; expected a checkpoint'):
        CheckpointLoader.load_checkpoint(str(good) + 'x', logger=None)
    assert not sentinel.exists()


def test_mmengine_loads_downloads_through_the_allow_list(checkpoints, tmp_path):
    good, bad, sentinel = checkpoints
    cache = tmp_path / 'cache'
    for _ in range(2):
        loaded = load_from_http(good.as_uri(), 'cpu', model_dir=str(cache), progress=False)
        assert loaded['state_dict']['x'].tolist() == [1, 1]
        good.unlink(missing_ok=True)  # the second time it comes from the cache
    with pytest.raises(UnsafePickleError, match='system'):
        load_from_http(bad.as_uri(), 'cpu', model_dir=str(cache), progress=False)
    assert not sentinel.exists()
    assert mmengine_checkpoint.load_url is compat.load_url


def test_the_hash_of_a_download_is_checked(checkpoints, tmp_path):
    good, _, _ = checkpoints
    with pytest.raises(RuntimeError, match='hash'):
        compat.load_url(good.as_uri(), str(tmp_path / 'c'), progress=False, check_hash=True)
    assert list((tmp_path / 'c').iterdir()) == []


def test_the_default_cache_is_that_of_pytorch(checkpoints, tmp_path, monkeypatch):
    good, _, _ = checkpoints
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    compat.load_url(good.as_uri(), progress=False, file_name='renamed.pth')
    assert (tmp_path / 'hub' / 'checkpoints' / 'renamed.pth').exists()


# Warnings


@pytest.mark.parametrize(
    ('message', 'category', 'module'),
    [
        ('`torch.jit.script` is deprecated. Please', DeprecationWarning, 'torch.jit._script'),
        (
            'Fail to import ``MultiScaleDeformableAttention`` from ``mmcv.ops',
            UserWarning,
            'mmcv.cnn.bricks.transformer',
        ),
        ('pkg_resources is deprecated as an API. See', UserWarning, 'mmengine.utils.package_utils'),
        ('pkg_resources is deprecated as an API. See', UserWarning, 'importlib'),
        (
            '`torch.cuda.amp.GradScaler(args...)` is deprecated.',
            FutureWarning,
            'mmengine.optim.optimizer.amp_optimizer_wrapper',
        ),
    ],
)
def test_only_the_listed_warnings_are_silenced(message, category, module):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        compat.silence_unactionable_warnings()
        warnings.warn_explicit(message, category, 'file.py', 1, module=module)
        assert caught == []
        warnings.warn_explicit(message, category, 'file.py', 1, module='users.module')
        warnings.warn_explicit('Something else', category, 'file.py', 1, module=module)
    assert [str(item.message) for item in caught] == [message, 'Something else']


def test_file_clients_do_not_announce_their_deprecation(capsys):
    FileClient('disk')
    compat._print_unless_deprecation('shown', logger=None)
    assert capsys.readouterr().out == 'shown\n'


# Launchers


LAUNCHER_VARIABLES = (
    *('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT', 'SLURM_NODELIST'),
    *(*compat._SLURM.values(), *compat._MPI.values()),
)


@pytest.fixture
def environment(monkeypatch):
    """Function that sets launcher variables in an environment that has none."""
    for name in LAUNCHER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('PATH', '')  # no scontrol
    return lambda **variables: [monkeypatch.setenv(*item) for item in variables.items()]


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return str(listener.getsockname()[1])


MEET = (
    'import torch, mmskanon\n'
    'from mmskanon.compat import init_cpu_process_group\n'
    'from mmengine.dist import all_reduce, get_dist_info, get_backend\n'
    'init_cpu_process_group({launcher!r}); init_cpu_process_group({launcher!r})\n'
    'rank, world = get_dist_info()\n'
    'value = torch.tensor([rank + 1.0]); all_reduce(value)\n'
    'print(rank, world, get_backend(), value.item())\n'
    'torch.distributed.destroy_process_group()\n'
)


@pytest.mark.skipif(torch.cuda.is_available(), reason='is about machines without a GPU')
def test_two_ranks_of_torchrun_meet():
    shared = {'WORLD_SIZE': '2', 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': free_port()}
    processes = [
        start(MEET.format(launcher='pytorch'), RANK=rank, LOCAL_RANK=rank, **shared)
        for rank in '01'
    ]
    outputs = [finish(process)[0] for process in processes]
    assert outputs == ['0 2 gloo 3.0\n', '1 2 gloo 3.0\n']


@pytest.mark.skipif(torch.cuda.is_available(), reason='is about machines without a GPU')
def test_one_rank_of_slurm_and_of_mpi_start():
    slurm = start(
        MEET.format(launcher='slurm'),
        SLURM_PROCID='0',
        SLURM_NTASKS='1',
        SLURM_LOCALID='0',
        SLURM_NODELIST='localhost',
        MASTER_PORT=free_port(),
    )
    mpi = start(
        MEET.format(launcher='mpi'),
        OMPI_COMM_WORLD_RANK='0',
        OMPI_COMM_WORLD_SIZE='1',
        OMPI_COMM_WORLD_LOCAL_RANK='0',
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=free_port(),
    )
    assert finish(slurm)[0] == '0 1 gloo 1.0\n'
    assert finish(mpi)[0] == '0 1 gloo 1.0\n'


def test_slurm_is_translated(environment):
    environment(SLURM_PROCID='5', SLURM_NTASKS='8', SLURM_LOCALID='1', SLURM_NODELIST='n[02-05]')
    expected = {
        'RANK': '5',
        'WORLD_SIZE': '8',
        'LOCAL_RANK': '1',
        'MASTER_ADDR': 'n02',
        'MASTER_PORT': '29500',
    }
    assert compat.read_launcher_environment('slurm') == expected
    environment(MASTER_ADDR='head', MASTER_PORT='1234')
    expected.update(MASTER_ADDR='head', MASTER_PORT='1234')
    assert compat.read_launcher_environment('slurm') == expected


def test_mpi_is_translated(environment):
    environment(
        OMPI_COMM_WORLD_RANK='2',
        OMPI_COMM_WORLD_SIZE='4',
        OMPI_COMM_WORLD_LOCAL_RANK='0',
        MASTER_ADDR='head',
    )
    assert compat.read_launcher_environment('mpi') == {
        'RANK': '2',
        'WORLD_SIZE': '4',
        'LOCAL_RANK': '0',
        'MASTER_ADDR': 'head',
        'MASTER_PORT': '29500',
    }


COMPLETE = {
    'pytorch': {
        'RANK': '0',
        'WORLD_SIZE': '1',
        'LOCAL_RANK': '0',
        'MASTER_ADDR': 'x',
        'MASTER_PORT': '1',
    },
    'slurm': {
        'SLURM_PROCID': '0',
        'SLURM_NTASKS': '1',
        'SLURM_LOCALID': '0',
        'SLURM_NODELIST': 'x',
    },
    'mpi': {**dict.fromkeys(compat._MPI.values(), '0'), 'MASTER_ADDR': 'x'},
}


@pytest.mark.parametrize(
    ('launcher', 'missing'), [(name, item) for name, items in COMPLETE.items() for item in items]
)
def test_a_missing_variable_is_named(environment, monkeypatch, launcher, missing):
    environment(**COMPLETE[launcher])
    compat.read_launcher_environment(launcher)
    monkeypatch.delenv(missing)
    monkeypatch.setattr(compat, '_has_accelerator', lambda: False)
    with pytest.raises(RuntimeError, match=f"variable {missing} is not set.*'{launcher}'"):
        compat.init_cpu_process_group(launcher)


def test_a_variable_that_is_no_number_is_named(environment):
    environment(**{**COMPLETE['pytorch'], 'WORLD_SIZE': 'two'})
    with pytest.raises(RuntimeError, match="WORLD_SIZE is 'two'; expected a number"):
        compat.read_launcher_environment('pytorch')


@pytest.mark.parametrize(
    ('nodes', 'first'),
    [
        ('node1', 'node1'),
        ('node[01-04]', 'node01'),
        ('node[7,9-12]', 'node7'),
        ('node[01-04,07],gpu3', 'node01'),
        ('gpu3,node[01-04]', 'gpu3'),
        ('rack[2-3]-node[10-11].site', 'rack2-node10.site'),
        ('a-b-c', 'a-b-c'),
    ],
)
def test_the_first_host_of_a_node_list(environment, nodes, first):
    assert compat.first_slurm_host(nodes) == first


def test_scontrol_is_asked_where_it_is(tmp_path, monkeypatch):
    tool = tmp_path / 'scontrol'
    tool.write_text('#!/bin/sh\n[ "$1 $2" = "show hostnames" ] && printf "%s\\n" asked-$3 other\n')
    tool.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)
    assert compat.first_slurm_host('n1') == 'asked-n1'
    tool.write_text('#!/bin/sh\nexit 1\n')
    assert compat.first_slurm_host('n[1-2]') == 'n1'


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi', 'none'])
def test_nothing_is_done_where_mmengine_can_start(environment, monkeypatch, launcher):
    monkeypatch.setattr(compat, '_has_accelerator', lambda: launcher != 'none')
    before = dict(os.environ)
    compat.init_cpu_process_group(launcher)
    assert not torch.distributed.is_initialized()
    assert dict(os.environ) == before


def test_an_unknown_launcher_is_named():
    with pytest.raises(
        ValueError, match="launcher is 'torchrun'; expected one of 'none', 'pytorch'"
    ):
        compat.init_cpu_process_group('torchrun')
