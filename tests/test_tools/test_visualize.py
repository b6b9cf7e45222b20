# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import importlib.util
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmskanon.utils import run_tool
from mmskanon.visualization.arguments import methods_of

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'visualize.py'


@pytest.fixture
def files(tmp_path):
    """An original and an anonymized file of five clips, the second in reverse order."""
    rng = np.random.default_rng(0)
    samples = [
        dict(
            frame_dir=f'a1_s1_t{i}',
            label=0,
            keypoint=rng.normal(size=(1, 6, 20, 3)).astype('float32'),
        )
        for i in range(5)
    ]
    anonymized = [dict(s, keypoint=s['keypoint'] * 0.9) for s in samples[::-1]]
    paths = tmp_path / 'original.pkl', tmp_path / 'anonymized.pkl'
    for path, annotations in zip(paths, (samples, anonymized), strict=True):
        path.write_bytes(pickle.dumps(dict(split={}, annotations=annotations)))
    return paths


@pytest.fixture
def run(capsys):
    """Run the tool in this process; returns exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location('visualize_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            run_tool(lambda: module.main([str(a) for a in arguments]))
        return (ended.value.code, *capsys.readouterr())

    return call


@pytest.mark.parametrize('suffix', ['.gif', '.mp4', '.png'])
def test_sample_is_drawn(tmp_path, files, run, suffix):
    out = tmp_path / 'new folder' / f'clip{suffix}'
    code, stdout, stderr = run(*files, out, '--sample', 'a1_s1_t3', '--max-frames', 3)
    assert (code, stderr) == (0, '')
    assert stdout == f'Written: {out} (sample a1_s1_t3)\n'
    assert out.stat().st_size > 1000


def test_whole_command_line(tmp_path, files):
    out = tmp_path / 'clip.gif'
    options = '--sample 2 --layout kinect_v1 --view side --up y --fps 15 --max-frames 4 --overwrite'
    out.write_bytes(b'old')
    done = subprocess.run(
        [sys.executable, TOOL, *files, out, *options.split()],
        cwd=TOOL.parents[1],
        env={**os.environ, 'PYTHONPATH': str(TOOL.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'a1_s1_t2' in done.stdout and done.stderr == ''
    with Image.open(out) as image:
        assert image.n_frames == 4


def test_raw_recordings_are_drawn_without_a_display(tmp_path, run, utd_dir, ntu_samples_dir):
    from mmskanon.visualization.recordings import load_recording

    def as_a_command(*words):
        hidden = ('DISPLAY', 'MPLBACKEND')
        environment = {k: v for k, v in os.environ.items() if k not in hidden}
        done = subprocess.run(
            [sys.executable, TOOL, *words],
            cwd=TOOL.parents[1],
            env={**environment, 'PYTHONPATH': str(TOOL.parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    options = '--view turntable --heat --arrangement over --max-frames 2'.split()
    for folder, name, ending, draw in (
        (utd_dir, 'a6_s1_t1', '_skeleton.mat', run),
        (ntu_samples_dir, 'S001C003P008R002A058', '.skeleton', as_a_command),
    ):
        path, out = folder / f'{name}{ending}', tmp_path / f'{name}.gif'
        np.save(tmp_path / 'moved.npy', load_recording(path)['keypoint'] + [0.05, 0, 0])
        code, stdout, stderr = draw(path, tmp_path / 'moved.npy', out, *options)
        assert (code, stderr) == (0, '')
        assert stdout == f'Written: {out} (sample {name})\n'
        with Image.open(out) as image:
            assert image.n_frames == 2


def test_several_methods_and_paths(tmp_path, files, run):
    out = tmp_path / 'clip.png'
    methods = [f'{name}={files[1]}' for name in ('unet', 'other')]
    options = ['--trajectories', 'left_wrist', '11', '--trail', '3', '--heat', '--heat-max', '50']
    assert run(files[0], *methods, out, *options)[0] == 0
    with Image.open(out) as image:
        three = image.height
    assert run(files[0], methods[0], out, '--overwrite')[0] == 0
    with Image.open(out) as image:
        assert image.height < 0.8 * three


def test_heat_map(tmp_path, files, run):
    out = tmp_path / 'heat.png'
    code, stdout, stderr = run(*files, out, '--heat-map', '--sample', 'a1_s1_t2')
    assert (code, stderr) == (0, '') and stdout == f'Written: {out} (sample a1_s1_t2)\n'
    assert out.stat().st_size > 1000


def _broken(files, change):
    data = pickle.loads(files[1].read_bytes())
    change(data['annotations'])
    files[1].write_bytes(pickle.dumps(data))


def _cut(annotations):
    for sample in annotations:
        sample['keypoint'] = sample['keypoint'][:, :5]


CASES = {
    'unknown sample': (
        ['--sample', 'a1_s1_t9'],
        None,
        'original.pkl has no sample .a1_s1_t9.*a1_s1_t4',
    ),
    'index': (['--sample', '5'], None, 'no sample 5: choose an index from 0 to 4'),
    'frames': ([], _cut, 'a1_s1_t0.*has 6 frames, the anonymized one 5'),
    'layout': (['--layout', 'nturgb+d'], None, 'a1_s1_t0.*has 20 joints.*25'),
    'fps': (['--fps', '0'], None, 'fps must be positive'),
    'endless fps': (['--fps', 'inf'], None, 'fps must be positive, found inf'),
    'joint': (['--trajectories', 'left_paw'], None, "no joint 'left_paw': choose among head, "),
    'trail': (['--trail', '0'], None, 'trail must be at least 1 frame'),
    'heat max': (['--heat-max', '9'], None, '--heat-max needs --heat or --heat-map'),
    'still': (['--heat-map'], None, 'with --heat-map the name must end in .png'),
    'missing': ([], lambda a: a.pop(), "anonymized.pkl has no sample 'a1_s1_t0'"),
}


@pytest.mark.parametrize('case', CASES)
def test_mistakes_end_in_one_sentence_and_no_file(tmp_path, files, run, case):
    options, change, message = CASES[case]
    if change:
        _broken(files, change)
    before = sorted(tmp_path.iterdir())
    code, stdout, stderr = run(*files, tmp_path / 'out.gif', *options)
    assert code == 1 and stdout == ''
    assert stderr.count('\n') == 1
    assert re.search(message, stderr), stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    'option', ['--heat', '--arrangement over', '--view side', '--trajectories 1', '--max-frames 3']
)
def test_options_without_effect_on_a_heat_map_are_refused(tmp_path, files, run, option):
    code, _, stderr = run(*files, tmp_path / 'heat.png', '--heat-map', *option.split())
    assert code == 1 and f'{option.split()[0]} has no effect on a --heat-map' in stderr


def test_files_in_folders_that_have_an_equals_sign(tmp_path, files, run):
    folder = tmp_path / 'lr=0.1,beta=3'
    folder.mkdir()
    moved = files[1].rename(folder / 'seed=0.pkl')
    for number, words in enumerate(([moved], [f'unet={moved}'], [moved, f'unet={moved}'])):
        code, _, stderr = run(files[0], *words, tmp_path / f'{number}.png')
        assert (code, stderr) == (0, '')
    assert methods_of([str(moved), f'unet={moved}']) == {'seed=0': str(moved), 'unet': str(moved)}
    assert methods_of(['k=gone=1.pkl']) == {'k': 'gone=1.pkl'}


def test_names_of_methods_must_differ(tmp_path, files, run):
    code, _, stderr = run(*files, files[1], tmp_path / 'clip.png')
    assert code == 1 and 'give methods other names with NAME=FILE' in stderr


def test_wrong_suffix_and_existing_file_are_seen_before_reading(tmp_path, run):
    absent = tmp_path / 'absent.pkl'
    code, _, stderr = run(absent, absent, tmp_path / 'clip.avi')
    assert code == 1 and 'must end in one of .gif, .mp4, .png' in stderr
    kept = tmp_path / 'clip.gif'
    kept.write_bytes(b'precious')
    code, _, stderr = run(absent, absent, kept)
    assert code == 1 and 'exists already' in stderr
    assert kept.read_bytes() == b'precious'
    code, _, stderr = run(absent, absent, tmp_path / 'new.gif')
    assert code == 1 and 'absent.pkl does not exist' in stderr
