# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pictures of skeletons."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .heat_map import draw_heat_map
    from .skeleton_plot import draw_comparison

__all__ = ['draw_comparison', 'draw_heat_map']

_MODULES = dict(draw_comparison='skeleton_plot', draw_heat_map='heat_map')


def __getattr__(name: str):
    """Load what draws only where something is drawn: Matplotlib takes a tenth of the time that this package takes to load."""
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_MODULES[name]}', __name__), name)
