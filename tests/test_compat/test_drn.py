# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The stand-in for the DRN localizer helps where the fault is, and changes nothing where it is not."""

import importlib
import importlib.machinery
import sys

import pytest

from mmskanon.compat import DRNFinder

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
    finder = next(f for f in sys.meta_path if isinstance(f, DRNFinder))
    assert finder.find_spec('mmaction.models.localizers.bmn', []) is None
    assert finder.find_spec('mmaction.models.localizers.drn.drn_utils', []) is None
