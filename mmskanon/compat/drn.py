# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The DRN localizer of MMAction2, which its wheel lacks although the package imports it."""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_DRN_PACKAGE = 'mmaction.models.localizers.drn'
_DRN_MODULE = f'{_DRN_PACKAGE}.drn'


def install_drn_finder() -> None:
    """Let ``import mmaction.models`` succeed where the DRN localizer is missing.

    Fault: the folder ``mmaction/models/localizers/drn`` has no ``__init__.py``, so the mmaction2
    1.2.0 wheel on the package index lacks it, yet the package above imports it (mmaction2 issue
    2714). A source install has the folder, but importing it needs torchvision, which nothing
    declares. Can go when a release of mmaction2 imports without both.
    """
    if not any(isinstance(finder, DRNFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, DRNFinder())


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
