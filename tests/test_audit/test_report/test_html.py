# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from audit_documents import HOSTILE

from mmskanon.audit.report.html import plain_words


class Reader(HTMLParser):
    """Collects elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.open = [], '', None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open = tag if tag in ('script', 'style') else None

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        self.text += '' if self.open else data


@pytest.fixture(scope='module')
def page(written):
    return (written[0] / 'report.html').read_text(encoding='utf-8')


@pytest.fixture(scope='module')
def reader(page):
    return Reader(page)


def test_the_page_refers_to_nothing_outside(page, reader):
    assert not re.search('https?:', page)
    for tag, attributes in reader.elements:
        assert tag not in ('link', 'iframe', 'object', 'embed', 'base', 'form'), tag
        for name, value in attributes.items():
            if name in ('src', 'href', 'xlink:href', 'action', 'data', 'srcset'):
                assert value.startswith(('#', 'data:image/png;base64,')), (tag, name, value[:80])
            elif name == 'style':
                assert not re.search(r'url\((?!#)', value)
    style = page[page.index('<style>') : page.index('</style>')]
    assert 'url(' not in style and '@import' not in style


def test_the_policy_admits_the_script_of_the_page_alone(page, reader):
    scripts = [a for tag, a in reader.elements if tag == 'script']
    assert scripts == [dict(type='application/json', id='clips'), {}]
    script = page[page.rindex('<script>') + len('<script>') : page.rindex('</script>')]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a for _, a in reader.elements if a.get('http-equiv'))['content']
    assert "default-src 'none'" in policy and f"script-src 'sha256-{digest}';" in policy
    assert not any(name.startswith('on') for _, a in reader.elements for name in a)


def test_hostile_names_stay_text(page, reader):
    assert 'src=x' not in page.replace('&lt;img src=x', '').replace('\\u003cimg src=x', '')
    assert not [tag for tag, attributes in reader.elements if attributes.get('src') == 'x']
    assert HOSTILE in reader.text
    data = re.search(r'<script type="application/json" id="clips">(.*?)</script>', page)[1]
    assert HOSTILE in json.loads(data)[0]['clips']


def test_verdict_and_gates_come_before_every_picture(page, reader):
    text = reader.text
    assert text.index('Leaks: the adaptive attacker names 99.1% of the clips.') < text.index(
        'Privacy and utility', 400
    )
    assert page.index('The control attacker succeeds') < page.index('<svg')
    for gate in ('passed', 'failed', 'not run'):
        assert page.index(f'<span class="state">{gate}</span>') < page.index('<svg')


def test_the_parts_come_in_order(reader):
    sections = [a['id'] for tag, a in reader.elements if tag == 'section']
    assert sections == [
        *('verdict', 'picture', 'attackers', 'methods', 'displacement', 'animation', 'settings')
    ]


def test_pictures_say_what_they_show(reader):
    pictures = [a for tag, a in reader.elements if tag == 'svg']
    assert len(pictures) == 21
    assert all(a['role'] == 'img' and len(a['aria-label']) > 40 for a in pictures)
    described = ' '.join(a['aria-label'] for a in pictures)
    assert 'adaptive 0.5%' in described and 'unet 178 on average, most at' in described


def test_key_figures_hashes_and_settings_are_there(written, reader):
    for text in ('98.1%', '178.0', 'a1' * 32, '1d' * 32, 'c3' * 32, '2.13.0', '2 CPUs', 'trials 1 and 2', 'donors 30.0%'):  # fmt: skip
        assert text in reader.text, text
    assert len([1 for tag, a in reader.elements if tag == 'tr' and 'data-tier' in a]) == 5 * 7 * 3


def test_pictures_follow_the_theme_of_the_page(page):
    drawing = page[page.index('<svg') : page.index('</svg>')]
    assert 'var(--ink)' in drawing and 'var(--adaptive)' in drawing
    assert '#1f2328' not in drawing and 'DejaVu' not in drawing
    assert '--ink: #1f2328' in page and '--ink: #e6e9ee' in page


def test_plain_words(doc):
    person, pair, gender, action = plain_words(doc, 'unet')
    assert person == (
        'The strongest attacker (adaptive, tcn) named the right person in 99.1% of the clips (95% interval 95.1% to 100.0%); '
        'guessing is right in 12.5%.'
    )
    assert 'an attacker errs in 0.5%; guessing errs in 50%' in pair
    assert 'read gender rightly in 99.6%' in gender
    assert action.endswith('still reads the action in 94.9% of the clips.')
    assert plain_words(doc, HOSTILE)[2] == 'Nobody tried to read gender from these clips.'


def test_plain_words_about_people_never_trained_on(doc):
    doc['data']['attributes']['subject_open'] = doc['data']['attributes']['subject']
    asked = json.loads(json.dumps(doc['methods']['unet']['privacy']['subject']))
    for results in asked['tiers'].values():
        results['strongest'] = None
        for figures in results['attackers'].values():
            figures['rank1'] = None
    doc['methods']['unet']['privacy']['subject_open'] = asked
    (linked,) = (s for s in plain_words(doc, 'unet')[2:] if 'same person' in s)
    assert 'an attacker errs in 0.5%' in linked
    assert not any('subject_open' in s for s in plain_words(doc, 'unet'))
