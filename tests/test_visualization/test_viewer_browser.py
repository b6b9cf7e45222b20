# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The viewer in a browser: it plays, turns, compares, and shows the numbers that NumPy computes."""

import numpy as np
import pytest
from chromium import NAMES, Page, find_chromium
from viewer_samples import HOSTILE, at_relative_time, displacement_mm, two_samples, walkers

from mmskanon.skeletons.layouts import get_layout
from mmskanon.visualization.viewer import ViewerSample, write_viewer

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason=f'needs one of {", ".join(NAMES)} in PATH'
)
SEEN = "document.getElementById('stage').toDataURL()"
CELLS = '[...document.querySelectorAll("#%s tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent))'
PRESS = 'document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "%s", shiftKey: %s, bubbles: true}))'


def setting(name, value):
    """Script that sets a control as a person does."""
    return (
        f"document.getElementById('{name}').value = {value!r};"
        f"['input', 'change'].forEach((kind) => document.getElementById('{name}').dispatchEvent(new Event(kind)))"
    )


@pytest.fixture
def open_page(tmp_path):
    pages = []

    def call(samples=None, motion='reduce', size=(1280, 900), layout='kinect_v1', scheme='light'):
        path = tmp_path / f'page{len(pages)}.html'
        write_viewer(samples or two_samples(), layout, path)
        media = {'prefers-reduced-motion': motion, 'prefers-color-scheme': scheme}
        page = Page(find_chromium(), tmp_path / f'profile{len(pages)}', media, size)
        pages.append(page)
        page.open(path)
        return page

    yield call
    for page in pages:
        assert page.run('document.documentElement.dataset.scriptError') is None
        assert page.problems() == []
        assert {url.partition(':')[0] for url in page.requests()} <= {'file', 'data'}
        page.close()


def numbers(page, table):
    """Figures of a table by name of the clip."""
    return {name: [float(v) for v in rest] for name, *rest in page.run(CELLS % table)}


def test_plays_by_itself_pauses_and_scrubs(open_page):
    page = open_page(motion='no-preference')
    page.wait_for("document.getElementById('moment').value > 2")
    first = page.run(SEEN)
    page.wait_for(f'{SEEN} !== {first!r}')
    page.run("document.getElementById('play').click()")
    assert page.run("document.getElementById('play').textContent") == 'Play'
    still = page.run(SEEN)
    page.run('new Promise((done) => setTimeout(done, 250))')
    assert page.run(SEEN) == still
    page.run(setting('moment', '29'))
    assert page.run("document.getElementById('clock').textContent") == '0.97 s, frame 30'
    assert page.run(SEEN) != still
    # Speed: a tenth of the recording's.
    page.run(setting('speed', '0.1') + ';' + setting('moment', '0'))
    page.run("document.getElementById('play').click()")
    page.run('new Promise((done) => setTimeout(done, 500))')
    assert int(page.run("document.getElementById('moment').value")) <= 4


def test_plays_on_where_drawing_is_slow(open_page):
    """A frame of the screen is stamped with its start, which is before a click that was handled within it."""
    page = open_page()
    page.run('performance.now = () => document.timeline.currentTime + 500')
    page.run("document.getElementById('play').click()")
    page.wait_for("document.getElementById('moment').value > 2")


def test_nothing_moves_by_itself_for_those_who_asked_for_less_motion(open_page):
    page = open_page(size=(390, 800), scheme='dark')
    page.run('new Promise((done) => setTimeout(done, 300))')
    assert page.run("document.getElementById('moment').value") == '0'
    page.run("document.getElementById('play').click()")
    page.wait_for("document.getElementById('moment').value > 1")
    # A telephone: the page itself does not scroll sideways.
    assert page.run('document.documentElement.scrollWidth <= innerWidth')


def test_displacement_is_what_numpy_computes(open_page):
    page = open_page()
    sample = two_samples()[0]
    page.run(setting('moment', '11') + ';' + setting('joint', '7'))
    found = numbers(page, 'moved-numbers')
    assert list(found) == [HOSTILE, 'retimed']
    for name, clip in sample.anonymized.items():
        moved = displacement_mm(sample.original[0], clip[0])
        expected = [moved.mean(), moved[11].mean(), moved[:, 7].mean(), moved[11, 7]]
        # Half a step of rounding in each of three coordinates of both clips, and 0.05 of the text.
        assert np.allclose(found[name], expected, atol=0.25), name
    assert found[HOSTILE] == pytest.approx([50, 50, 50, 50], abs=0.25)


def test_bone_lengths_are_what_numpy_computes(open_page):
    page = open_page()
    sample = two_samples()[0]
    bones = [pair for pair in get_layout('kinect_v1').bones if pair[0] != pair[1]]
    page.run(setting('bone', '4') + ';' + setting('moment', '8'))
    found = numbers(page, 'length-numbers')
    clips = {'original': sample.original, **sample.anonymized}
    assert list(found) == list(clips)
    a, b = bones[4]
    for name, clip in clips.items():
        body = at_relative_time(clip[0], 30)
        length = 1000 * np.linalg.norm(body[:, a] - body[:, b], axis=-1)
        assert np.allclose(found[name], [length.mean(), length.std(), length[8]], atol=0.25), name


def test_second_person_comes_late(open_page):
    page = open_page()
    assert page.run("document.getElementById('person-label').hidden")
    page.run(setting('sample', '1') + ';' + setting('person', '1') + ';' + setting('moment', '2'))
    assert not page.run("document.getElementById('person-label').hidden")
    assert [row[2] for row in page.run(CELLS % 'moved-numbers')] == ['–', '–']
    page.run(setting('moment', '9'))
    found = numbers(page, 'moved-numbers')
    sample = two_samples()[1]
    moved = displacement_mm(sample.original[1], sample.anonymized['retimed'][1])
    assert np.allclose(found['retimed'][:2], [np.nanmean(moved), moved[9].mean()], atol=0.25)


def test_a_joint_that_comes_and_goes_counts_only_while_it_is_there(open_page):
    clip = walkers(30)
    clip[0, 10:20, 7] = 0
    moved = np.where(clip == 0, 0, clip + [0.03, 0, 0.04])
    moved[0, 5, 7] += 0.1
    moved[0, 12, 7] = 1.0  # filled in by the method
    page = open_page([ViewerSample('a', clip, {'m': moved})])
    bones = [pair for pair in get_layout('kinect_v1').bones if pair[0] != pair[1]]
    bone = next(i for i, pair in enumerate(bones) if pair[0] == 7)
    page.run(
        setting('joint', '7') + ';' + setting('bone', str(bone)) + ';' + setting('moment', '12')
    )
    page.run("document.getElementById('heat').click()")
    ((_, mean, now, joint, joint_now),) = page.run(CELLS % 'moved-numbers')
    far = 1000 * np.linalg.norm([0.13, 0.1, 0.14])
    assert float(joint) == pytest.approx((19 * 50 + far) / 20, abs=0.3) and joint_now == '–'
    assert float(now) == pytest.approx(50, abs=0.3)
    assert float(mean) == pytest.approx((29 * 50 + (19 * 50 + far) / 20) / 30, abs=0.3)
    lengths = page.run(CELLS % 'length-numbers')
    assert [row[3] for row in lengths] == ['–', lengths[1][3]] and lengths[1][3] != '–'
    seen = clip[0, :, 7].any(-1)
    expected = 1000 * np.linalg.norm(clip[0, seen, 7] - clip[0, seen, bones[bone][1]], axis=-1)
    assert float(lengths[0][1]) == pytest.approx(expected.mean(), abs=0.3)


def test_samples_methods_and_ways_of_showing_change_the_picture(open_page):
    page = open_page()
    pictures = [page.run(SEEN)]
    page.run(setting('sample', '1'))
    pictures.append(page.run(SEEN))
    assert page.run("document.getElementById('facts').textContent").startswith('two: 20 frames')
    page.run(setting('sample', '0'))
    assert page.run(SEEN) == pictures[0]
    assert 'retimed: 47 frames, played by relative time' in page.run("document.getElementById('facts').textContent")  # fmt: skip
    for script in (
        "document.querySelectorAll('.method')[0].click()",
        "document.getElementById('ghost').click()",
        "document.getElementById('heat').click()",
        "document.getElementById('overlay').click()",
        "document.querySelectorAll('.method')[1].click()",
    ):
        page.run(script)
        pictures.append(page.run(SEEN))
    assert len(set(pictures)) == len(pictures)
    assert page.run(CELLS % 'moved-numbers') == []
    assert list(numbers(page, 'length-numbers')) == ['original']


def test_heat_tells_what_its_ends_are(open_page):
    page = open_page()
    assert page.run("document.getElementById('scale').hidden")
    page.run("document.getElementById('heat').click()")
    sample = two_samples()[0]
    most = max(displacement_mm(sample.original[0], c[0]).max() for c in sample.anonymized.values())
    assert page.run("document.getElementById('scale-high').textContent") == f'{most:.0f} mm'
    page.run("document.querySelectorAll('.method')[1].click()")
    assert page.run("document.getElementById('scale-high').textContent") == '50 mm'


def _mouse(page, kind, x, y, **more):
    page.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, **more)


def test_orbit_by_mouse_touch_keys_and_buttons(open_page):
    page = open_page()
    pictures = [page.run(SEEN)]
    x, y = page.run(
        "(() => { const box = document.getElementById('stage').getBoundingClientRect();"
        'return [box.x + box.width / 2, box.y + box.height / 2]; })()'
    )
    _mouse(page, 'mousePressed', x, y, button='left', buttons=1, clickCount=1)
    _mouse(page, 'mouseMoved', x + 90, y + 20, button='left', buttons=1)
    _mouse(page, 'mouseReleased', x + 90, y + 20, button='left')
    pictures.append(page.run(SEEN))
    # The click has given the picture the focus, so the wheel zooms.
    _mouse(page, 'mouseWheel', x, y, deltaX=0, deltaY=-200)
    page.wait_for(f'{SEEN} !== {pictures[-1]!r}')
    assert page.run('scrollY') == 0
    page.run("document.getElementById('reset').click()")
    assert page.run(SEEN) == pictures[0]
    for kind, shift in (('touchStart', 0), ('touchMove', 30), ('touchMove', 80), ('touchEnd', 80)):
        points = [] if kind == 'touchEnd' else [dict(x=x + shift, y=y)]
        page.call('Input.dispatchTouchEvent', type=kind, touchPoints=points)
    page.wait_for(f'{SEEN} !== {pictures[0]!r}')
    for name in ('front', 'side', 'top'):
        page.run(f"document.querySelector('.view[value={name}]').click()")
        pictures.append(page.run(SEEN))
    page.run(PRESS % ('ArrowLeft', 'true'))
    pictures.append(page.run(SEEN))
    page.run(PRESS % ('+', 'true'))
    pictures.append(page.run(SEEN))
    assert len(set(pictures)) == len(pictures)
    page.run(PRESS % ('0', 'false'))
    assert page.run(SEEN) == pictures[0]
    page.run("document.getElementById('turntable').click()")
    page.wait_for(f'{SEEN} !== {pictures[0]!r}')
    assert page.run("document.getElementById('moment').value") == '0'
    page.run("document.querySelector('.view').click()")
    assert page.run("document.getElementById('turntable').getAttribute('aria-pressed')") == 'false'
    assert page.run(SEEN) == pictures[2]


def test_keys_play_and_step(open_page):
    page = open_page()
    moment = "document.getElementById('moment').value"
    for key, expected in (('ArrowRight', '1'), ('ArrowRight', '2'), ('ArrowLeft', '1')):
        page.run(PRESS % (key, 'false'))
        assert page.run(moment) == expected
    page.run(PRESS % (' ', 'false'))
    page.wait_for(f'{moment} > 3')
    page.run(PRESS % (' ', 'false'))
    assert page.run("document.getElementById('play').getAttribute('aria-pressed')") == 'false'
    # Up and down change the sample where the picture has the focus, and scroll elsewhere.
    page.run(PRESS % ('ArrowDown', 'false'))
    assert page.run("document.getElementById('sample').value") == '0'
    page.run("document.getElementById('stage').focus()")
    page.run(PRESS % ('ArrowDown', 'false'))
    assert page.run("document.getElementById('sample').value") == '1'


def test_cursor_of_the_charts_follows_and_leads(open_page):
    page = open_page()
    seen = "document.getElementById('%s').toDataURL()"
    before = [page.run(seen % name) for name in ('moved', 'length')]
    page.run(setting('moment', '20'))
    after = [page.run(seen % name) for name in ('moved', 'length')]
    assert all(a != b for a, b in zip(after, before, strict=True))
    page.run("document.getElementById('length').scrollIntoView({block: 'center'})")
    x, y, width = page.run(
        "(() => { const box = document.getElementById('length').getBoundingClientRect();"
        'return [box.x, box.y + box.height / 2, box.width]; })()'
    )
    _mouse(page, 'mousePressed', x + width - 10, y, button='left', buttons=1, clickCount=1)
    _mouse(page, 'mouseReleased', x + width - 10, y, button='left')
    page.wait_for("document.getElementById('moment').value === '29'")


@pytest.mark.parametrize(('layout', 'joints'), [('nturgb+d', 25), ('coco', 17), ('openpose', 18)])
def test_other_layouts_and_single_frames(open_page, layout, joints):
    clip = walkers(1, joints=joints)
    clip *= 1 if layout == 'nturgb+d' else 300
    page = open_page([ViewerSample('a', clip, {'m': 1.1 * clip})], layout=layout)
    picture = page.run(SEEN)
    page.run("document.getElementById('heat').click(); document.getElementById('play').click()")
    assert page.run(SEEN) != picture
    assert page.run("document.getElementById('moment').max") == '0'
    unit = 'mm' if layout == 'nturgb+d' else 'px'
    assert unit in page.run("document.getElementById('moved-title').textContent")


def test_a_clip_that_reaches_far_has_a_floor_of_few_squares(open_page):
    """Such as one of a network that diverged, or one in millimetres."""
    strokes = []
    for far in (1, 1e5):
        page = open_page([ViewerSample('a', walkers(3), {'m': far * walkers(3)})])
        page.run(
            'window.strokes = 0; window.plain = CanvasRenderingContext2D.prototype.stroke;'
            'CanvasRenderingContext2D.prototype.stroke = function () { window.strokes++; window.plain.call(this); }'
        )
        page.run("document.getElementById('reset').click()")
        strokes.append(page.run('window.strokes'))
    assert 100 < strokes[1] < 2 * strokes[0], strokes


def test_every_control_has_a_name(open_page):
    page = open_page()
    nodes = page.call('Accessibility.getFullAXTree')['nodes']
    roles = {'button', 'combobox', 'checkbox', 'slider', 'img', 'image', 'Canvas'}
    found = [n for n in nodes if n['role']['value'] in roles and not n['ignored']]
    assert len(found) > 15
    assert all(n['name']['value'] for n in found), found
