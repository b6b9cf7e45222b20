# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The page as text: one file, names escaped, the same every time."""

import base64
import hashlib
import json
import re

import pytest
from viewer_samples import HOSTILE, two_samples, walkers

from mmskanon.visualization.viewer import ViewerSample, render_viewer, write_viewer


def test_page_loads_nothing_and_admits_its_own_script_only():
    page = render_viewer(two_samples(), 'kinect_v1')
    (script,) = re.findall(r'<script>(.*?)</script>', page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page and "default-src 'none'" in page
    assert not re.search(r'https?:|\bsrc=|\bhref=|@import|url\(', page)


def test_names_are_escaped_wherever_they_stand():
    original, moved = walkers(3), {HOSTILE: walkers(3)}
    page = render_viewer([ViewerSample(HOSTILE, original, moved)], 'kinect_v1', title=HOSTILE)
    assert HOSTILE not in page and 'alert(1)</script>' not in page
    assert page.count('<script') == 2
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    data = json.loads(data)
    assert data['samples'][0]['name'] == data['samples'][0]['clips'][1]['name'] == HOSTILE
    assert data['bones'][0] == [0, 1] and data['joints'][0] == 'head'


def test_page_is_the_same_every_time_and_compact(tmp_path):
    samples = two_samples()
    paths = [tmp_path / name for name in ('a.html', 'b.html')]
    sizes = [write_viewer(samples, 'kinect_v1', path) for path in paths]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sizes[0] == paths[0].stat().st_size
    # 2 bytes a coordinate, and a third more for base64; the page itself is below 50 kB.
    numbers = 3 * 20 * (30 + 30 + 47 + 3 * 2 * 20)
    assert sizes[0] < 50_000 + numbers * 2 * 4 / 3


def test_existing_page_is_kept_and_failure_leaves_nothing(tmp_path):
    path = tmp_path / 'page.html'
    path.write_text('precious')
    with pytest.raises(FileExistsError, match='exists already'):
        write_viewer(two_samples(), 'kinect_v1', path)
    with pytest.raises(ValueError, match='fps must be positive'):
        write_viewer(two_samples(), 'kinect_v1', path, overwrite=True, fps=0.0)
    assert [p.read_text() for p in tmp_path.iterdir()] == ['precious']
    write_viewer(two_samples(), 'kinect_v1', path, overwrite=True)
    assert path.read_text(encoding='utf-8').startswith('<!DOCTYPE html>')


def test_flat_skeletons_have_one_view():
    clip = walkers(4, joints=17)
    page = render_viewer([ViewerSample('a', clip, {'m': clip})], 'coco')
    assert 'value="front"' in page and 'value="side"' not in page and 'id="turntable"' not in page
    with pytest.raises(ValueError, match='y or -y for two coordinates'):
        render_viewer([ViewerSample('a', clip, {'m': clip})], 'coco', up='z')


def _with(**methods):
    return [ViewerSample('a', walkers(3), {name: walkers(3) for name in methods})]


BAD = {
    'no sample': ([], {}, 'no sample'),
    'no method': (_with(), {}, '1 to 6 methods, found 0'),
    'too many': (_with(**{c: 1 for c in 'abcdefg'}), {}, '1 to 6 methods, found 7'),
    'taken name': (_with(original=1), {}, "cannot be called 'original'"),
    'methods differ': (_with(m=1) + _with(k=1), {}, r"has the methods \['k'\]"),
    'fps': (_with(m=1), dict(fps=float('nan')), 'fps must be positive, found nan'),
    'up': (_with(m=1), dict(up='x'), "found 'x'"),
}


@pytest.mark.parametrize('case', BAD)
def test_mistakes_are_told(case):
    samples, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        render_viewer(samples, 'kinect_v1', **options)
