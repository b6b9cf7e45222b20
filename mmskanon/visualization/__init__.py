# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pictures of skeletons."""

from importlib import import_module

_FUNCTIONS = dict(draw_comparison='skeleton_plot', draw_heat_map='heat_map')

__all__ = list(_FUNCTIONS)


def __getattr__(name: str):
    """Load what draws only where something is drawn: Matplotlib takes a tenth of the time that this package takes to load."""
    if name not in _FUNCTIONS:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_FUNCTIONS[name]}', __name__), name)
