# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a user gets: source distribution, wheel, editable install, requirements, metadata."""

import ast
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mmskanon.version import __version__

REPO = Path(__file__).resolve().parents[1]
NOT_COPIED = (
    '.git',
    '.venv',
    'build',
    'dist',
    '*.egg-info',
    '.mim',
    '__pycache__',
    '.*_cache',
    'work_dirs',
    'site',
)
DIST_INFO = f'mmskanon-{__version__}.dist-info'
BUILD_WHEEL = "from setuptools import build_meta; print(build_meta.build_wheel('dist'))"
BUILD_EDITABLE = "from setuptools import build_meta; print(build_meta.build_editable('dist'))"

# Where the import name is not the name on the registry.
DISTRIBUTIONS = {
    'PIL': 'pillow',
    'mmaction': 'mmaction2',
    'pkg_resources': 'setuptools',
    'sklearn': 'scikit-learn',
    'yaml': 'pyyaml',
}
# Chosen by the user, see requirements/lite.txt; or brought by a requirement that cannot work without it.
# Blocks around the imports of an extra that a user may lack, and the file of its requirements.
EXTRAS = {'onnx_extra()': 'onnx'}
IMPLIED = {'mmcv': 'mmcv-lite', 'cv2': 'mmengine'}

ASK_FOR_PACKAGE = """
import sys
from pathlib import Path
import mmskanon
from mmengine.config import Config
from mmengine.utils import get_installed_path
package = Path(mmskanon.__file__).parent
assert Path(get_installed_path('mmskanon')) == package, get_installed_path('mmskanon')
leaf = Path('leaf.py')
for base in sorted((package / '.mim/configs/_base_').rglob('*.py')):
    name = base.relative_to(package / '.mim/configs').as_posix()
    leaf.write_text(f"_base_ = 'mmskanon::{name}'")
    Config.fromfile(leaf)
print(package)
"""


def travelling_files(root: Path) -> dict[str, bytes]:
    """Content of what travels in ``.mim``, by path relative to ``root``."""
    paths = [root / 'model-index.yml', *(root / 'configs').rglob('*'), *(root / 'tools').rglob('*')]
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and '__pycache__' not in path.parts
    }


def visible_files(root: Path) -> set[str]:
    """Files of a checkout without those that git ignores after a build."""
    paths = (path.relative_to(root) for path in root.rglob('*') if not path.is_dir())
    return {str(p) for p in paths if p.parts[0] not in ('build', 'dist', 'mmskanon.egg-info')}


def run_python(*arguments, cwd: Path, **environment) -> str:
    """Run Python, show its errors in the failing test, return what it printed."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def build(code: str, checkout: Path) -> Path:
    """Call a hook of the build backend as pip does, and return the wheel."""
    run_python('-c', code, cwd=checkout)
    (wheel,) = (checkout / 'dist').glob('*.whl')
    return wheel


def names(wheel: Path) -> list[str]:
    """Names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(archive.namelist())


@pytest.fixture(scope='module')
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout in which a package may be built."""
    target = tmp_path_factory.mktemp('packaging') / 'checkout'
    shutil.copytree(REPO, target, ignore=shutil.ignore_patterns(*NOT_COPIED))
    return target


@pytest.fixture(scope='module')
def built(checkout) -> dict[str, Path]:
    """The source distribution, and the wheel built from it."""
    before = visible_files(checkout)
    output = run_python('-m', 'build', '--no-isolation', cwd=checkout)
    assert 'Deprecat' not in output
    assert visible_files(checkout) == before, 'a build must leave the checkout as it was'
    (sdist,), (wheel,) = (checkout / 'dist').glob('*.tar.gz'), (checkout / 'dist').glob('*.whl')
    return dict(sdist=sdist, wheel=wheel)


@pytest.fixture(scope='module')
def site(built, tmp_path_factory) -> Path:
    """A folder with the unpacked wheel, as site-packages would have it."""
    target = tmp_path_factory.mktemp('site')
    with zipfile.ZipFile(built['wheel']) as wheel:
        wheel.extractall(target)
    return target


@pytest.fixture(scope='module')
def metadata(site) -> Message:
    """The metadata of the wheel."""
    return Parser().parsestr((site / DIST_INFO / 'METADATA').read_text(encoding='utf-8'))


@pytest.fixture
def scratch(checkout, tmp_path) -> Path:
    """A copy of the checkout for one test alone."""
    ignored = shutil.ignore_patterns(*NOT_COPIED)
    return Path(shutil.copytree(checkout, tmp_path / 'checkout', ignore=ignored))


def test_sdist_has_what_a_wheel_is_built_from(built, checkout):
    with tarfile.open(built['sdist']) as archive:
        found = {name.partition('/')[2] for name in archive.getnames()}
    assert set(travelling_files(checkout)) <= found
    assert {'LICENSE', 'README.md', 'requirements/runtime.txt', 'mmskanon/version.py'} <= found
    assert not [name for name in found if '.mim' in name or '__pycache__' in name]


def test_wheel_carries_configs_tools_and_index_inside_the_package(site, checkout):
    assert travelling_files(site / 'mmskanon' / '.mim') == travelling_files(checkout)
    assert {path.name for path in site.iterdir()} == {'mmskanon', DIST_INFO}


def test_wheel_has_every_module(built, checkout):
    modules = {p.relative_to(checkout).as_posix() for p in (checkout / 'mmskanon').rglob('*.py')}
    shipped = {n for n in names(built['wheel']) if n.endswith('.py') and '/.mim/' not in n}
    assert shipped == modules, 'a folder without __init__.py is left out of the wheel'


@pytest.mark.parametrize(
    ('package', 'number'), [('audit/report', 3), ('visualization', 2), ('visualization/viewer', 5)]
)
def test_wheel_and_sdist_carry_the_parts_of_pages(built, checkout, package, number):
    folder = checkout / 'mmskanon' / package / 'template'
    parts = {path.relative_to(checkout).as_posix() for path in folder.iterdir()}
    assert len(parts) == number
    assert parts <= set(names(built['wheel']))
    with tarfile.open(built['sdist']) as archive:
        assert parts <= {name.partition('/')[2] for name in archive.getnames()}


def test_launch_scripts_stay_executable_in_the_wheel(built):
    with zipfile.ZipFile(built['wheel']) as wheel:
        mode = wheel.getinfo('mmskanon/.mim/tools/dist_train.sh').external_attr >> 16
    assert mode & 0o111 == 0o111


def test_wheel_is_found_by_mmengine(site, tmp_path):
    output = run_python('-c', ASK_FOR_PACKAGE, cwd=tmp_path, PYTHONPATH=str(site))
    assert output.splitlines()[-1] == str(site / 'mmskanon')


def test_editable_install_is_found_by_mmengine(scratch, tmp_path):
    target = tmp_path / 'site'
    with zipfile.ZipFile(build(BUILD_EDITABLE, scratch)) as wheel:
        wheel.extractall(target)
    assert (scratch / 'mmskanon/.mim/configs').resolve() == scratch / 'configs'
    # Hide an editable install of this environment, then do what Python does at start for a site-packages folder.
    start = (
        'import site, sys\n'
        "sys.meta_path[:] = [f for f in sys.meta_path if '__editable__' not in getattr(f, '__module__', '')]\n"
        "[sys.modules.pop(name) for name in list(sys.modules) if name.startswith('__editable__')]\n"
        f'sys.path.insert(0, {str(target)!r})\n'
        f'sys.path_importer_cache.clear()\n'
        f'site.addsitedir({str(target)!r})\n'
    )
    (tmp_path / 'elsewhere').mkdir()
    output = run_python('-c', start + ASK_FOR_PACKAGE, cwd=tmp_path / 'elsewhere')
    assert output.splitlines()[-1] == str(scratch / 'mmskanon')


def test_wheel_after_an_editable_install_and_a_deletion_is_the_same(scratch, built):
    build(BUILD_EDITABLE, scratch).unlink()
    assert (scratch / 'mmskanon/.mim/tools').is_symlink()
    for folder in ('mmskanon', 'configs'):
        (scratch / folder / 'gone.py').write_text('')
    wheel = build(BUILD_WHEEL, scratch)
    assert 'mmskanon/.mim/configs/gone.py' in names(wheel)
    wheel.unlink()
    for folder in ('mmskanon', 'configs'):
        (scratch / folder / 'gone.py').unlink()
    assert names(build(BUILD_WHEEL, scratch)) == names(built['wheel'])


def test_neither_mmcv_is_installed_unless_asked_for(metadata):
    asked = [Requirement(text) for text in metadata.get_all('Requires-Dist')]
    always = {canonicalize_name(r.name) for r in asked if r.marker is None}
    assert {'torch', 'mmengine', 'mmaction2'} <= always
    assert not always & {'mmcv', 'mmcv-lite', 'mmcv-full', 'openmim'}
    extras = {canonicalize_name(r.name): str(r.marker) for r in asked if r.marker is not None}
    assert extras['mmcv-lite'] == 'extra == "lite"'
    assert extras['mmcv'] == 'extra == "mmcv"'
    assert 'openmim' not in extras


def test_metadata_claims(metadata, site):
    assert metadata['Version'] == __version__
    assert metadata['License-Expression'] == 'Apache-2.0'
    assert metadata['Requires-Python'] == '>=3.10'
    pythons = [c for c in metadata.get_all('Classifier') if '3.' in c]
    assert pythons == ['Programming Language :: Python :: 3.11']
    assert (site / DIST_INFO / 'licenses/LICENSE').read_bytes() == (REPO / 'LICENSE').read_bytes()


def requirements(name: str) -> dict[str, Requirement]:
    """Requirements of a file, by canonical name."""
    lines = (REPO / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    found = [
        Requirement(line) for line in (line.partition('#')[0].strip() for line in lines) if line
    ]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


@pytest.mark.parametrize('name', ['runtime', 'lite', 'onnx', 'tests', 'docs'])
def test_the_tested_set_is_within_the_ranges(name):
    pins = requirements('tested')
    for distribution, requirement in requirements(name).items():
        (pin,) = pins[distribution].specifier
        assert pin.operator == '==' and requirement.specifier.contains(pin.version), distribution


def imports(node: ast.AST, guarded: bool = False) -> list[tuple[str, bool]]:
    """Top-level names that code imports, and whether it does so in a block that turns a missing extra into a sentence."""
    found = []
    for child in ast.iter_child_nodes(node):
        inside = guarded
        if isinstance(child, ast.With):
            calls = [item.context_expr for item in child.items]
            inside |= any(ast.unparse(call) in EXTRAS for call in calls)
        elif isinstance(child, ast.If):
            inside |= ast.unparse(child.test) == 'TYPE_CHECKING'  # never runs
        if isinstance(child, ast.Import):
            found += [(alias.name.partition('.')[0], guarded) for alias in child.names]
        elif isinstance(child, ast.ImportFrom) and child.level == 0:
            found.append((child.module.partition('.')[0], guarded))
        found += imports(child, inside)
    return found


@pytest.mark.parametrize('folder', ['mmskanon', 'tools'])
def test_every_import_is_a_declared_requirement(folder):
    known = {*sys.stdlib_module_names, 'mmskanon', *IMPLIED}
    always = requirements('runtime')
    optional = {name for extra in EXTRAS.values() for name in requirements(extra)}
    for path in (REPO / folder).rglob('*.py'):
        for top, guarded in imports(ast.parse(path.read_text(encoding='utf-8'))):
            distribution = canonicalize_name(DISTRIBUTIONS.get(top, top))
            declared = {*always, *optional} if guarded else always
            assert top in known or distribution in declared, (
                f'{path.relative_to(REPO)} imports {top}'
            )


def test_imports_of_extras_are_told_apart():
    code = 'import a\nwith onnx_extra():\n    import b.c\nif x:\n    from d import e\nif TYPE_CHECKING:\n    import f\n'
    assert imports(ast.parse(code)) == [('a', False), ('b', True), ('d', False), ('f', True)]


def test_model_index_names_metafiles_and_configs_that_exist():
    index = yaml.safe_load((REPO / 'model-index.yml').read_text(encoding='utf-8'))
    for metafile in index['Import']:
        for model in yaml.safe_load((REPO / metafile).read_text(encoding='utf-8'))['Models']:
            assert isinstance(model['Config'], str), f'mim reads Config as a string: {metafile}'
            assert (REPO / model['Config']).exists(), f'{metafile} names {model["Config"]}'


def test_config_names_are_unique():
    """``mim train mmskanon NAME.py`` searches by file name alone."""
    leaves = [p.name for p in (REPO / 'configs').rglob('*.py') if '_base_' not in p.parts]
    assert len(leaves) == len(set(leaves))


def test_one_version_of_the_package_and_one_of_ruff():
    citation = yaml.safe_load((REPO / 'CITATION.cff').read_text(encoding='utf-8'))
    assert citation['version'] == __version__
    assert citation['references'][0]['title'] == 'Anonymization for Skeleton Action Recognition'
    assert __version__ in (REPO / 'CHANGELOG.md').read_text(encoding='utf-8')
    hooks = yaml.safe_load((REPO / '.pre-commit-config.yaml').read_text(encoding='utf-8'))
    wanted = [str(requirements('tested')['ruff'])]
    assert [h['additional_dependencies'] for h in hooks['repos'][0]['hooks']] == [wanted, wanted]
