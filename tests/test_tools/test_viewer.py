# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import base64
import importlib.util
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from viewer_samples import walkers

from mmskanon.utils import run_tool

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'viewer.py'


@pytest.fixture
def files(tmp_path):
    """An original file of 15 clips and two anonymized ones: in reverse order, and with other lengths."""
    samples = [
        dict(frame_dir=f'a1_s1_t{i}', label=0, keypoint=walkers(6, seed=i).astype('float32'))
        for i in range(15)
    ]
    others = dict(
        first=[dict(s, keypoint=s['keypoint'] * 0.9) for s in samples[::-1]],
        second=[dict(s, keypoint=s['keypoint'][:, :4]) for s in samples],
    )
    paths = []
    for name, annotations in dict(original=samples, **others).items():
        paths.append(tmp_path / f'{name}.pkl')
        paths[-1].write_bytes(pickle.dumps(dict(split={}, annotations=annotations)))
    return paths


@pytest.fixture
def run(capsys):
    """Run the tool in this process; returns exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location('viewer_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            run_tool(lambda: module.main([str(a) for a in arguments]))
        return (ended.value.code, *capsys.readouterr())

    return call


def held(page):
    """What a page holds."""
    text = page.read_text(encoding='utf-8')
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


def test_samples_are_spread_over_the_file(tmp_path, files, run):
    out = tmp_path / 'new folder' / 'page.html'
    code, stdout, stderr = run(*files, out, '--max-samples', 3)
    assert (code, stderr) == (0, '')
    size = round(out.stat().st_size / 1000)
    assert stdout == (
        f'Written: {out} (3 of 15 samples, 2 methods, {size} kB; it holds original recordings)\n'
    )
    data = held(out)
    assert [s['name'] for s in data['samples']] == ['a1_s1_t0', 'a1_s1_t7', 'a1_s1_t14']
    assert [c['name'] for c in data['samples'][0]['clips']] == ['original', 'first', 'second']
    assert [c['frames'] for c in data['samples'][0]['clips']] == [6, 6, 4]
    assert '<title>original</title>' in out.read_text(encoding='utf-8')
    assert str(tmp_path) not in out.read_text(encoding='utf-8')


def test_whole_command_line(tmp_path, files):
    out = tmp_path / 'page.html'
    out.write_bytes(b'old')
    options = '--samples a1_s1_t3 5 --layout kinect_v1 --up y --fps 15 --overwrite'
    done = subprocess.run(
        [sys.executable, TOOL, files[0], f'k-same={files[1]}', out, *options.split()],
        cwd=TOOL.parents[1],
        env={**os.environ, 'PYTHONPATH': str(TOOL.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '2 of 15 samples, 1 method,' in done.stdout and done.stderr == ''
    data = held(out)
    assert [s['name'] for s in data['samples']] == ['a1_s1_t3', 'a1_s1_t5']
    assert [c['name'] for c in data['samples'][0]['clips']] == ['original', 'k-same']
    assert data['fps'] == 15


def test_a_sample_meets_its_own_counterpart(tmp_path, files, run):
    """The first method has all samples in reverse order: what it was made from, scaled by 0.9, is what is shown."""
    out = tmp_path / 'page.html'
    assert run(*files[:2], out, '--samples', 'a1_s1_t4')[0] == 0
    (entry,) = held(out)['samples']
    before, after = np.frombuffer(base64.b64decode(entry['data']), '<i2').reshape(2, 6, 20, 3)
    ratio = np.diff(after.astype(float), axis=1) * entry['step']
    assert np.allclose(ratio, 0.9 * np.diff(before.astype(float), axis=1) * entry['step'], atol=0.2)


def _bare_names(annotations):
    for i, sample in enumerate(annotations):
        sample['frame_dir'] = f'other{i}'
    annotations.pop()


CASES = {
    'unknown sample': (
        ['--samples', 'a1_s1_t99'],
        None,
        'original.pkl has no sample .a1_s1_t99.*a1_s1_t9',
    ),
    'too many': (['--samples', '1', '2', '--max-samples', '1'], None, '2 samples are more than'),
    'none': (['--max-samples', '0'], None, '--max-samples must be at least 1, found 0'),
    'layout': (['--layout', 'nturgb+d'], None, 'a1_s1_t0.*has 20 joints.*25'),
    'fps': (['--fps', '0'], None, 'fps must be positive'),
    'strangers': ([], _bare_names, 'share no frame_dir'),
    'missing': ([], lambda a: a.pop(), "first.pkl has no sample 'a1_s1_t0'"),
}


@pytest.mark.parametrize('case', CASES)
def test_mistakes_end_in_one_sentence_and_no_file(tmp_path, files, run, case):
    options, change, message = CASES[case]
    if change:
        data = pickle.loads(files[1].read_bytes())
        change(data['annotations'])
        files[1].write_bytes(pickle.dumps(data))
    before = sorted(tmp_path.iterdir())
    code, stdout, stderr = run(*files, tmp_path / 'out.html', *options)
    assert code == 1 and stdout == ''
    assert stderr.count('\n') == 1
    assert re.search(message, stderr), stderr
    assert sorted(tmp_path.iterdir()) == before


def test_target_and_names_are_checked_before_reading(tmp_path, run):
    absent = tmp_path / 'absent.pkl'
    code, _, stderr = run(absent, absent, tmp_path / 'page.pdf')
    assert code == 1 and 'must end in .html' in stderr
    kept = tmp_path / 'page.html'
    kept.write_bytes(b'precious')
    code, _, stderr = run(absent, absent, kept)
    assert code == 1 and 'exists already' in stderr
    assert kept.read_bytes() == b'precious'
    new = tmp_path / 'new.html'
    for names, message in (
        (('a.pkl', 'b/a.pkl'), "called 'a'.*NAME=FILE"),
        (('original=x.pkl',), "called 'original'"),
        ([f'{i}=x.pkl' for i in range(7)], '1 to 6 methods, found 7'),
        (('a=',), 'no such file|does not exist|is a folder'),
    ):
        code, _, stderr = run(absent, *names, new)
        assert code == 1 and stderr.count('\n') == 1
        assert re.search(message, stderr, re.IGNORECASE), stderr
    assert not new.exists()
