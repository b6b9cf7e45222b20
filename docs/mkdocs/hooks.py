# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What MkDocs does besides when it builds the site: pages from outside ``docs/``, links between them, and nothing from a network.

The Markdown files are written to be read in the checkout, too, where a link says ``../README.md`` or ``../tools/demo.py``. Files that
have a page in the site are linked there; of a link to another file of the checkout only the text is left, and a link to a file that does
not exist is left as it is, so that a strict build refuses it.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
# Files of the checkout outside docs/ that have a page, and where.
PAGES = {
    'README.md': 'project/overview.md',
    'CONTRIBUTING.md': 'project/contributing.md',
    'CHANGELOG.md': 'project/changes.md',
    **{
        path.relative_to(ROOT).as_posix(): f'project/configs_{path.parent.name}.md'
        for path in sorted(ROOT.glob('configs/*/README.md'))
    },
}
SOURCES = {page: source for source, page in PAGES.items()}
FENCE = re.compile(r'^( *)(`{3,}).*?^\1\2 *$', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)')
# A numbered list whose items GitHub wants indented by three, Python-Markdown by four.
ITEM = re.compile(r'^\d\. ')


def github_slug(text: str, separator: str = '-') -> str:
    """The anchor that GitHub gives a heading, so that one link serves both.

    Args:
        text (str): The heading.
        separator (str): What takes the place of a space. Defaults to '-'.

    Returns:
        str: The anchor.
    """
    return re.sub(r'[^\w\- ]', '', text.strip().lower()).replace(' ', separator)


def page_of(path: str) -> str | None:
    """Where a file of the checkout stands in the site.

    Args:
        path (str): Path relative to the checkout.

    Returns:
        str | None: Path relative to the top of the site's sources; None where it has no page there.
    """
    if path in PAGES:
        return PAGES[path]
    return path.removeprefix('docs/') if path.startswith('docs/') else None


def translate(markdown: str, source: str, page: str) -> str:
    """Point the links of a page to where the files stand in the site.

    Args:
        markdown (str): The page.
        source (str): Its file, relative to the checkout.
        page (str): Where it stands in the site's sources.

    Returns:
        str: The page with other links; what stands in code is left alone.
    """

    def replace(match: re.Match) -> str:
        target, hash_sign, anchor = match['target'].partition('#')
        if not target or re.match(r'[a-z]+:', target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        there = page_of(path)
        if there is None:
            return match['text'] if (ROOT / path).exists() else match[0]
        relative = posixpath.relpath(there, posixpath.dirname(page) or '.')
        # The text of a picture's link may hold the picture.
        text = LINK.sub(replace, match['text'])
        return f'{match["image"]}[{text}]({relative}{hash_sign}{anchor})'

    parts, end = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(replace, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return ''.join([*parts, LINK.sub(replace, markdown[end:])])


def indent_items(markdown: str) -> str:
    """Set apart what continues an item of a numbered list as Python-Markdown wants it.

    Args:
        markdown (str): A page.

    Returns:
        str: The page, with four spaces where GitHub is content with three.
    """
    lines, inside = [], False
    for line in markdown.split('\n'):
        if inside and ITEM.match(line) and lines[-1].startswith('    '):
            lines.append('')  # else the next number would be text of the last paragraph
        inside = bool(ITEM.match(line)) or (inside and (not line or line.startswith('   ')))
        lines.append(f' {line}' if inside and line.startswith('   ') else line)
    return '\n'.join(lines)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give headings GitHub's anchors."""
    config.mdx_configs.setdefault('toc', {})['slugify'] = github_slug
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside ``docs/``."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding='utf-8')
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Translate links and lists."""
    where = page.file.src_uri
    source = SOURCES.get(where, f'docs/{where}')
    return indent_items(translate(markdown, source, where))


def on_post_build(config: MkDocsConfig) -> None:
    """Take all addresses out of the theme's scripts, which would fetch more for diagrams and very old browsers, and the maps of its sources."""
    assets = Path(config.site_dir) / 'assets'
    for path in [*assets.rglob('*.js'), *assets.rglob('*.css')]:
        text = path.read_text(encoding='utf-8')
        # Some are put together from parts, so what they begin with goes.
        path.write_text(text.replace('https://', 'about:blank#'), encoding='utf-8')
    for path in assets.rglob('*.map'):
        os.remove(path)
