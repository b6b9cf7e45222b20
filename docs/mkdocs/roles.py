# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Docstrings are written in Google's style with Sphinx's roles and one example; this makes Markdown with links of them."""

from __future__ import annotations

import re

import griffe

ROLE = re.compile(r':(?:class|func|meth|mod|attr|data):`(~?)([\w.]+)`')
EXAMPLE = re.compile(r'^( *)Example:$', re.MULTILINE)


class Roles(griffe.Extension):
    """Rewrites the docstring of everything in a package."""

    def on_package(self, *, pkg: griffe.Module, **kwargs) -> None:
        """Turn roles into links that need not be found, and ``Example:`` into the section that griffe knows, once all names are known."""
        waiting: list[griffe.Object] = [pkg]
        while waiting:
            obj = waiting.pop()
            waiting += [member for member in obj.members.values() if not member.is_alias]
            if obj.docstring is not None:
                text = ROLE.sub(
                    lambda match, obj=obj: _link(obj, *match.groups()), obj.docstring.value
                )
                obj.docstring.value = EXAMPLE.sub(r'\1Examples:', text)


def _link(obj: griffe.Object, short: str, name: str) -> str:
    """A link as the docstring of an object means it, which is mere text where the reference lacks the name."""
    path = name
    if not name.startswith('mmskanon.'):
        first, dot, rest = name.partition('.')
        try:
            path = obj.resolve(first) + dot + rest
        except griffe.NameResolutionError:
            path = name
    title = name.rpartition('.')[2] if short else name
    return f'<autoref optional identifier="{path}"><code>{title}</code></autoref>'
