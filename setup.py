# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Build script.

``configs/``, ``tools/`` and ``model-index.yml`` stand at the top of the checkout, where people look for them, but have to
travel with the package as ``mmskanon/.mim``, where ``mim train mmskanon CONFIG`` and ``_base_ = 'mmskanon::...'`` look. A
wheel gets copies, written straight into the build folder so that the checkout stays clean; an editable install gets links.
"""

import os
import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop
from setuptools.command.editable_wheel import editable_wheel

ROOT = Path(__file__).resolve().parent
PACKAGE = 'mmskanon'
MIM_SOURCES = ('configs', 'tools', 'model-index.yml')


def mim_files() -> list[str]:
    """List what goes into ``.mim``, relative to the checkout."""
    files = []
    for name in MIM_SOURCES:
        top = ROOT / name
        found = sorted(top.rglob('*')) if top.is_dir() else [top]
        files += [
            str(path.relative_to(ROOT))
            for path in found
            if path.is_file() and '__pycache__' not in path.parts and path.suffix != '.pyc'
        ]
    return files


def link_mim() -> None:
    """Fill ``mmskanon/.mim`` of the checkout with relative links, or with copies where links are not allowed."""
    target = ROOT / PACKAGE / '.mim'
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name in MIM_SOURCES:
        source = ROOT / name
        if not source.exists():
            continue
        try:
            os.symlink(os.path.join('..', '..', name), target / name, source.is_dir())
        except OSError:
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, target / name)
            print(f'{PACKAGE}/.mim/{name} is a copy: install again after changing {name}')


class BuildPy(build_py):
    """Add ``.mim``: copies in a wheel, links in an editable install."""

    def _mim_mapping(self) -> dict:
        base = Path(self.build_lib, PACKAGE, '.mim')
        return {str(base / name): name for name in mim_files()}

    def run(self) -> None:
        if self.editable_mode:
            link_mim()
            return
        # Files deleted from the checkout since an earlier build must not live on in the wheel.
        shutil.rmtree(Path(self.build_lib, PACKAGE), ignore_errors=True)
        super().run()
        for target, source in self._mim_mapping().items():
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)

    def get_output_mapping(self) -> dict:
        return {**super().get_output_mapping(), **self._mim_mapping()}

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, *self._mim_mapping()]

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *mim_files()]


class EditableWheel(editable_wheel):
    """Let ``mim`` and MMEngine find an editable install.

    Both look for a package at ``<folder of its .dist-info>/<name in top_level.txt>``. An editable install keeps its
    ``.dist-info`` in site-packages and its code in the checkout, so that place does not exist. With the absolute path of the
    package in ``top_level.txt`` the join gives the checkout. Can go once both ask ``importlib`` instead of ``pkg_resources``.
    """

    def _ensure_dist_info(self) -> None:
        super()._ensure_dist_info()
        Path(self.dist_info_dir, 'top_level.txt').write_text(
            f'{ROOT / PACKAGE}\n', encoding='utf-8'
        )


class Develop(develop):
    """``python setup.py develop``, for those who still type it."""

    def run(self) -> None:
        link_mim()
        super().run()


def requirements(name: str) -> list[str]:
    """Read ``requirements/<name>.txt`` without its comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [line for line in (line.partition('#')[0].strip() for line in lines) if line]


setup(
    name=PACKAGE,
    version=runpy.run_path(str(ROOT / PACKAGE / 'version.py'))['__version__'],
    description='Skeleton anonymization for MMAction2: train, test and export anonymizers of 3D human motion',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='mmskanon authors',
    license_expression='Apache-2.0',
    license_files=['LICENSE'],
    keywords='skeleton action recognition, anonymization, privacy, re-identification, MMAction2',
    classifiers=[
        'Development Status :: 3 - Alpha',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.11',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    python_requires='>=3.10',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={
        f'{PACKAGE}.{name}': ['template/*']
        for name in ('audit.report', 'visualization', 'visualization.viewer')
    },
    zip_safe=False,
    install_requires=requirements('runtime'),
    extras_require={
        'lite': requirements('lite'),
        'mmcv': requirements('mmcv'),
        'onnx': requirements('onnx'),
        'tensorboard': requirements('tensorboard'),
        'tests': requirements('tests'),
        'docs': requirements('docs'),
    },
    cmdclass={'build_py': BuildPy, 'develop': Develop, 'editable_wheel': EditableWheel},
)
