# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pages in one file that need no network and load nothing: what the report of an audit and the viewer share.

Texts are escaped wherever they stand, and a page's own policy admits its one script and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

SHARED = Path(__file__).resolve().parent / 'template'
BASE_PALETTE = {
    'ink': ('#1f2328', '#e6e9ee'),
    'quiet': ('#5b6470', '#a2abb8'),
    'line': ('#d9dee5', '#39414c'),
    'paper': ('#fffffe', '#171b21'),
}
"""dict[str, tuple[str, str]]: Colours of every page, each for a light and for a dark screen."""


def render_page(
    templates: Path,
    page: str,
    style: str,
    scripts: Sequence[str],
    palette: Mapping[str, tuple[str, str]],
    filters: Mapping[str, Callable] | None = None,
    **values: Any,
) -> str:
    """Make a page from templates, with its style and its script inside.

    Args:
        templates (Path): Folder of the page's own templates; those of :data:`SHARED` are found too.
        page (str): Template of the page. It includes ``head.html`` and ends in ``<script>{{ script }}</script>``.
        style (str): Style sheet.
        scripts (Sequence[str]): Scripts, joined in this order.
        palette (dict[str, tuple[str, str]]): For each colour its value on light and on dark screens.
        filters (dict[str, callable], optional): Filters of the template. Defaults to None.
        **values: What the template reads.

    Returns:
        str: The page.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([templates, SHARED]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies['json.dumps_kwargs'] = dict(separators=(',', ':'), allow_nan=False)
    environment.filters.update(filters or {})

    def text_of(name: str) -> str:
        found = [folder / name for folder in (templates, SHARED) if (folder / name).exists()]
        return found[0].read_text(encoding='utf-8')

    script = '\n'.join(map(text_of, scripts))
    return environment.get_template(page).render(
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=Markup(text_of(style)),
        palette=palette,
        **values,
    )
