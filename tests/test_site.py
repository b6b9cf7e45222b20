# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The site of the documentation: builds without a warning, is whole, asks for nothing outside itself, and can be searched from the disk."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from chromium import Page, find_chromium

REPO = Path(__file__).resolve().parents[1]
PARTS = ('mkdocs', 'material', 'mkdocstrings', 'griffe')
MISSING = [name for name in PARTS if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f'{", ".join(MISSING)} not installed: pip install mmskanon[docs]'
)


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    """The site, built strictly."""
    target = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', target]
    environment = {**os.environ, 'NO_MKDOCS_2_WARNING': '1'}
    done = subprocess.run(
        command, cwd=REPO, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target


class References(HTMLParser):
    """Collects what a page refers to and the anchors that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links, self.loaded, self.ids = [], [], set()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        attrs = dict(attrs)
        self.ids.add(attrs.get('id'))
        if tag == 'a' and attrs.get('href'):
            self.links.append(attrs['href'])
        elif tag == 'link' and attrs.get('rel') in ('stylesheet', 'icon', 'preconnect'):
            self.loaded.append(attrs['href'])
        elif attrs.get('src') is not None:
            self.loaded.append(attrs['src'])


@pytest.fixture(scope='module')
def pages(site) -> dict[Path, References]:
    """Every page, parsed; the page for what is not found knows no place of its own."""
    found = {}
    for path in sorted(site.rglob('*.html')):
        if path.name != '404.html':
            found[path] = References()
            found[path].feed(path.read_text(encoding='utf-8'))
    return found


@pytest.fixture(scope='module')
def hooks():
    """What MkDocs calls while it builds."""
    spec = importlib.util.spec_from_file_location('hooks', REPO / 'docs/mkdocs/hooks.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ('link', 'translated'),
    [
        ('[a](audit.md#gates)', '[a](audit.md#gates)'),
        ('[a](#here)', '[a](#here)'),
        ('[a](../README.md#limits)', '[a](project/overview.md#limits)'),
        ('[a](../configs/ntu60/README.md)', '[a](project/configs_ntu60.md)'),
        ('[a](../tools/demo.py)', 'a'),
        ('[`a`](../tests)', '`a`'),
        ('[a](../tools/gone.py)', '[a](../tools/gone.py)'),
        ('[a](https://example.org)', '[a](https://example.org)'),
        ('```text\n[a](../tools/demo.py)\n```', '```text\n[a](../tools/demo.py)\n```'),
        (
            '[![a](images/viewer.png)](../README.md)',
            '[![a](images/viewer.png)](project/overview.md)',
        ),
    ],
)
def test_links_are_translated_and_broken_ones_left_to_the_strict_build(hooks, link, translated):
    assert hooks.translate(f'x\n\n{link}\n', 'docs/page.md', 'page.md') == f'x\n\n{translated}\n'


def test_links_of_pages_from_outside_are_seen_from_where_they_stand(hooks):
    text = '![a](docs/images/viewer.png) [b](CONTRIBUTING.md) [c](docs/audit.md)'
    expected = '![a](../images/viewer.png) [b](contributing.md) [c](../audit.md)'
    assert hooks.translate(text, 'README.md', 'project/overview.md') == expected


def test_what_continues_a_numbered_item_is_set_apart(hooks):
    text = '1. a\n   b\n\n   ```bash\n   c\n   ```\n2. d\n\nend\n   e'
    expected = '1. a\n    b\n\n    ```bash\n    c\n    ```\n\n2. d\n\nend\n   e'
    assert hooks.indent_items(text) == expected


def test_every_page_of_the_documentation_is_there(site):
    expected = {
        path.relative_to(REPO / 'docs').with_suffix('.html').as_posix()
        for path in (REPO / 'docs').rglob('*.md')
    }
    expected |= {'project/overview.html', 'project/contributing.html', 'project/changes.html'}
    expected |= {f'project/configs_{p.parent.name}.html' for p in REPO.glob('configs/*/README.md')}
    found = {path.relative_to(site).as_posix() for path in site.rglob('*.html')}
    assert found == expected | {'404.html'}


def test_links_of_the_pages_lead_to_files_and_anchors_of_the_site(pages):
    for path, page in pages.items():
        for link in page.links + page.loaded:
            if re.match(r'(https|mailto|data|javascript):', link):
                continue
            name, _, anchor = unquote(link).partition('#')
            target = (path.parent / name).resolve() if name else path
            assert target.is_file(), f'{path.name}: {link}'
            if anchor and target in pages:
                assert anchor in pages[target].ids, f'{path.name}: {link}'


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for path, page in pages.items():
        assert not [link for link in page.loaded if ':' in link and not link.startswith('data:')], (
            path
        )
    for path in site.rglob('*'):
        if path.suffix in ('.js', '.css'):
            text = path.read_text(encoding='utf-8', errors='ignore')
            assert 'https://' not in text, path.relative_to(site)


def test_no_path_of_this_machine_is_in_it(site):
    names = {str(REPO), str(Path.home()), str(site), sys.prefix}
    for path in site.rglob('*'):
        if path.is_file():
            content = path.read_bytes()
            assert not [name for name in names if len(name) > 1 and name.encode() in content], path


def test_the_reference_holds_every_public_name(site):
    for module, page in (
        ('mmskanon.apis', 'apis'),
        ('mmskanon.collection', 'collection'),
        ('mmskanon.recordings', 'recordings'),
        ('mmskanon.models.anonymizers', 'anonymizers'),
        ('mmskanon.models.adversaries', 'adversaries'),
        ('mmskanon.models.losses', 'losses'),
        ('mmskanon.engine', 'engine'),
        ('mmskanon.datasets', 'datasets'),
        ('mmskanon.evaluation.metrics', 'evaluation'),
        ('mmskanon.audit.attackers', 'audit'),
        ('mmskanon.release', 'release'),
        ('mmskanon.visualization', 'visualization'),
        ('mmskanon.skeletons', 'skeletons'),
        ('mmskanon.io', 'io'),
    ):
        text = (site / 'reference' / f'{page}.html').read_text(encoding='utf-8')
        for name in importlib.import_module(module).__all__:
            member = getattr(importlib.import_module(module), name)
            if isinstance(member, type) or callable(member):
                places = {f'{module}.{name}', f'{member.__module__}.{name}'}
                assert any(f'id="{place}"' in text for place in places), f'{module}.{name}'
        # Sphinx's roles and unknown sections have become links, tables and code.
        assert ':class:`' not in text and ':func:`' not in text and '<p>Example:' not in text


def test_lists_of_commands_are_lists_in_the_site(site):
    """Python-Markdown wants four spaces where GitHub is content with three."""
    text = (site / 'release.html').read_text(encoding='utf-8')
    steps = text[text.index('id="checklist"') : text.index('id="what-is-searched-for"')]
    items = len(
        re.findall(r'^\d\. ', (REPO / 'docs/release.md').read_text(encoding='utf-8'), re.MULTILINE)
    )
    assert steps.count('<ol>') == 1 and steps.count('<li>') == items


def test_the_index_of_the_search_holds_the_pages(site):
    index = json.loads((site / 'search/search_index.json').read_text(encoding='utf-8'))
    places = {entry['location'].partition('#')[0] for entry in index['docs']}
    assert {
        'start.html',
        'own_data.html',
        'reference/audit.html',
        'project/overview.html',
    } <= places


@pytest.mark.skipif(find_chromium() is None, reason='no Chromium to open a page with')
def test_a_page_opened_from_the_disk_is_quiet_and_can_be_searched(site, tmp_path):
    with Page(find_chromium(), tmp_path) as page:
        page.open(site / 'training.html')
        page.run("document.querySelector('[data-md-toggle=search]').click()")
        page.wait_for(
            "/Type to start/.test(document.querySelector('.md-search-result__meta').textContent)"
        )
        page.run("document.querySelector('[data-md-component=search-query]').focus()")
        page.call('Input.insertText', text='pseudonym')
        for kind in ('keyDown', 'keyUp'):  # the page looks when a key goes up
            page.call('Input.dispatchKeyEvent', type=kind, key='Shift')
        page.wait_for("document.querySelectorAll('.md-search-result__item').length > 0")
        found = page.run("document.querySelector('.md-search-result__list').textContent")
        assert 'Releas' in found
        assert not page.problems()
        assert not [url for url in page.requests() if not url.startswith(('file:', 'data:'))]
