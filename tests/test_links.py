# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Links of the Markdown files: files, anchors and pictures that they name exist. Nothing is fetched."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

REPO = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for pattern in ('*.md', 'docs/**/*.md', 'configs/**/*.md', 'benchmarks/**/*.md')
    for path in REPO.glob(pattern)
)
FENCE = re.compile(r'^ *(`{3,}|~{3,})[^`\n]*\n.*?^ *\1 *$', re.MULTILINE | re.DOTALL)
CODE = re.compile(r'(`+)(?!`).+?(?<!`)\1(?!`)', re.DOTALL)
HEADING = re.compile(r'^#{1,6} +(.*?) *#* *$', re.MULTILINE)
TARGET = re.compile(r'\]\( *<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?(?: +"[^"]*")? *\)')
DEFINITION = re.compile(r'^ {0,3}\[[^\]]+\]: *(\S+)', re.MULTILINE)
HTML = re.compile(r'<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)="([^"]+)"')


def anchors(text: str) -> set[str]:
    """Anchors of a page by GitHub's rules: lower case, no punctuation, hyphens for spaces, numbers for repetitions."""
    found, seen = set(), {}
    for heading in HEADING.findall(FENCE.sub('', text)):
        plain = re.sub(r'!?\[([^\]]*)\]\([^)]*\)', r'\1', heading).replace('`', '')
        plain = re.sub(r'(?<!\w)[*_]{1,2}(\S(?:.*?\S)?)[*_]{1,2}(?!\w)', r'\1', plain)
        slug = ''.join(c for c in plain.lower() if c.isalnum() or c in ' -_').replace(' ', '-')
        number = seen.get(slug, 0)
        seen[slug] = number + 1
        found.add(f'{slug}-{number}' if number else slug)
    return found


def targets(text: str) -> list[str]:
    """What the links and pictures of a page point to, outside of code."""
    prose = CODE.sub('', FENCE.sub('', text))
    return [found for pattern in (TARGET, DEFINITION, HTML) for found in pattern.findall(prose)]


def broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere, a sentence each."""
    text = page.read_text(encoding='utf-8')
    problems = []
    for target in targets(text):
        if re.match(r'[a-z][a-z+.-]*:', target):
            if not target.startswith(('https://', 'mailto:')):
                problems.append(f'{target}: neither https nor a relative path')
            continue
        name, _, anchor = target.partition('#')
        file = page if not name else (page.parent / unquote(name))
        if name.startswith('/') or not file.exists():
            problems.append(f'{target}: no such file')
        elif anchor and file.suffix != '.md':
            problems.append(f'{target}: an anchor in a file without headings')
        elif anchor and anchor not in anchors(file.read_text(encoding='utf-8')):
            problems.append(f'{target}: no heading of that name')
    return problems


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.relative_to(REPO).as_posix())
def test_links_lead_somewhere(page):
    assert not broken(page)


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.relative_to(REPO).as_posix())
def test_rows_belong_to_a_table_with_a_head(page):
    """After an empty line they would be shown as text."""
    lines = ['', *FENCE.sub('', page.read_text(encoding='utf-8')).split('\n'), '']
    rows = [line.lstrip().startswith('|') for line in lines]
    for number, line in enumerate(lines):
        if rows[number] and not rows[number - 1]:
            assert re.fullmatch(r' *\|[ :|-]+\| *', lines[number + 1]), line


def test_the_pages_that_have_links_are_looked_at():
    assert {'README.md', 'CONTRIBUTING.md', 'faq.md', 'index.md'} <= {path.name for path in PAGES}
    assert sum(len(targets(page.read_text(encoding='utf-8'))) for page in PAGES) > 150


@pytest.mark.parametrize(
    ('link', 'problem'),
    [
        ('[a](other.md)', None),
        ('[a](other.md#a-heading-with-code)', None),
        ('[a](#here)', None),
        ('[a](folder)', None),
        ('![a](picture.png)', None),
        ('[![a](picture.png)](other.md)', None),
        ('[a](https://example.org/#x)', None),
        ('`[a](gone.md)`', None),
        ('```text\n[a](gone.md)\n```', None),
        ('[a](gone.md)', 'no such file'),
        ('![a](gone.png)', 'no such file'),
        ('[![a](gone.png)](other.md)', 'no such file'),
        ('<img alt="a" src="gone.png">', 'no such file'),
        ('[a]: gone.md', 'no such file'),
        ('[a](/other.md)', 'no such file'),
        ('[a](other.md#gone)', 'no heading'),
        ('[a](#A-Heading)', 'no heading'),
        ('[a](picture.png#x)', 'without headings'),
        ('[a](http://example.org)', 'neither https'),
    ],
)
def test_each_kind_of_link_is_told_from_a_broken_one(link, problem, tmp_path):
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'picture.png').touch()
    (tmp_path / 'other.md').write_text('# A heading, with `code`!\n', encoding='utf-8')
    page = tmp_path / 'page.md'
    page.write_text(f'# Here\n\n{link}\n', encoding='utf-8')
    found = broken(page)
    assert len(found) == (problem is not None)
    assert problem is None or problem in found[0]


def test_anchors_follow_githubs_rules():
    page = '# A: b & c\n## Twice\n## Twice\n## `code_name` is *not* _new_ (v1.2)\n```\n# no heading\n```\n'
    assert anchors(page) == {'a-b--c', 'twice', 'twice-1', 'code_name-is-not-new-v12'}
