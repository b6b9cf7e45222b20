# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The page in a browser: it renders without errors, plays, sorts and filters."""

import pytest
from audit_documents import HOSTILE
from chromium import NAMES, Page, find_chromium

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason=f'needs one of {", ".join(NAMES)} in PATH'
)
COLUMN = """[...document.querySelectorAll('#attacker-table tbody tr')]
  .filter((row) => !row.hidden).map((row) => row.cells[%d].dataset.value)"""


@pytest.fixture
def open_page(written, tmp_path):
    pages = []

    def call(motion='no-preference', size=(1280, 900)):
        media = {'prefers-reduced-motion': motion, 'prefers-color-scheme': 'dark'}
        page = Page(find_chromium(), tmp_path / f'profile{len(pages)}', media, size)
        pages.append(page)
        page.open(written[0] / 'report.html')
        return page

    yield call
    for page in pages:
        page.close()


def test_the_page_renders_plays_and_sorts(open_page):
    page = open_page()
    assert page.run('document.documentElement.dataset.scriptError') is None
    text = page.run('document.body.innerText')
    for words in ('Not shown to leak', 'Leaks: the adaptive attacker names 99.1%', '98.1%', '178.0', HOSTILE):  # fmt: skip
        assert words in text, words
    assert page.run("document.querySelectorAll('#verdict article').length") == 3
    assert page.run("document.querySelector('svg').getBoundingClientRect().width") > 400
    # Sorting: from the highest down, then up; cells without a figure stay last.
    button = "document.querySelectorAll('#attacker-table thead button')[%d]"
    page.run(f'{button % 4}.click()')
    rates = [float(value) for value in page.run(COLUMN % 4)]
    assert len(rates) == 105 and rates == sorted(rates, reverse=True)
    page.run(f'{button % 8}.click(); {button % 8}.click()')
    assert page.run(f"{button % 8}.closest('th').getAttribute('aria-sort')") == 'ascending'
    assert page.run(f"{button % 4}.closest('th').getAttribute('aria-sort')") == 'none'
    rates = page.run(COLUMN % 8)
    known = [float(value) for value in rates if value]
    assert known == sorted(known) and known and set(rates[len(known) :]) == {''}
    page.run(
        "document.querySelector('[data-filter=method]').value = 'unet';"
        "document.querySelector('[data-filter=method]').dispatchEvent(new Event('change'))"
    )
    assert set(page.run(COLUMN % 0)) == {'unet'}
    assert page.run("document.getElementById('shown-rows').textContent") == '42 rows'
    # Playing: the picture changes and time goes on; then it stops.
    seen = "document.getElementById('stage').toDataURL()"
    page.run(
        "document.getElementById('stage').scrollIntoView({block: 'center', behavior: 'instant'})"
    )
    page.wait_for("document.getElementById('play').textContent === 'Pause'")
    first = page.run(seen)
    page.wait_for(f"document.getElementById('moment').value > 3 && {seen} !== {first!r}")
    page.run("document.getElementById('play').click()")
    still = page.run(seen)
    page.run('new Promise((done) => setTimeout(done, 300))')
    assert page.run(seen) == still
    page.run(
        "document.getElementById('stage').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft'}))"
    )
    assert page.run(seen) != still
    assert page.run('document.title') == 'Privacy audit: utd_mhad.pkl'
    assert page.run('document.documentElement.dataset.scriptError') is None
    assert page.problems() == []
    assert {url.partition(':')[0] for url in page.requests()} <= {'file', 'data'}


def test_nothing_moves_by_itself_for_those_who_asked_for_less_motion(open_page):
    page = open_page('reduce', (390, 800))
    page.run(
        "document.getElementById('stage').scrollIntoView({block: 'center', behavior: 'instant'})"
    )
    page.run('new Promise((done) => setTimeout(done, 500))')
    assert page.run("document.getElementById('play').textContent") == 'Play'
    assert page.run("document.getElementById('moment').value") == '0'
    page.run("document.getElementById('play').click()")
    page.wait_for("document.getElementById('moment').value > 1")
    # A telephone: the page itself does not scroll sideways.
    assert page.run('document.documentElement.scrollWidth <= innerWidth')
    assert page.problems() == []
