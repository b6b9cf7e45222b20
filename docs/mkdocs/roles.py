# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Docstrings are written in Google's style with Sphinx's roles and one example; this makes Markdown with links of them."""

from __future__ import annotations

import re

import griffe

ROLE = re.compile(r':(?:class|func|meth|mod|attr|data):`(~?)([\w.]+)`')
EXAMPLE = re.compile(r'^( *)Example:$', re.MULTILINE)


class Roles(griffe.Extension):
    """Rewrites the docstring of everything that griffe loads."""

    def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
        """Turn roles into links that need not be found, and ``Example:`` into the section that griffe knows."""
        if obj.docstring is None:
            return

        def link(match: re.Match) -> str:
            short, name = match[1], match[2]
            title = name.rpartition('.')[2] if short else name
            return (
                f'<autoref optional identifier="{_path(obj, name)}"><code>{title}</code></autoref>'
            )

        text = ROLE.sub(link, obj.docstring.value)
        obj.docstring.value = EXAMPLE.sub(r'\1Examples:', text)


def _path(obj: griffe.Object, name: str) -> str:
    """The full path of a name as the docstring of an object means it."""
    if name.startswith('mmskanon.'):
        return name
    scope = obj
    while scope is not None:
        if name.partition('.')[0] in scope.members:
            return f'{scope.path}.{name}'
        scope = scope.parent
    return name
