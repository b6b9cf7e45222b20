# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A collection is anonymized whole, whoever does its chunks, in what order, and however often they are killed."""

import json
import multiprocessing
import os
import pickle
import signal
import zipfile

import numpy as np
import pytest
from builders import LAYOUT, annotations
from canonical_bodies import body
from collection_runs import NOISE, anonymize
from raw_recordings import clip, config, contents

from mmskanon.apis import anonymize_keypoints
from mmskanon.collection import (
    ReleaseOptions,
)
from mmskanon.collection.work import WorkFolder
from mmskanon.datasets.converters import utd_mhad
from mmskanon.io import load_annotations
from mmskanon.models.anonymizers import BaseAnonymizer, SmoothingAnonymizer
from mmskanon.recordings import FORMATS
from mmskanon.registry import MODELS

TOLD = []


@MODELS.register_module(force=True)
class TakeWitness(BaseAnonymizer):
    """Leaves the body as it is and remembers which takes it was told."""

    asks_for_take = True
    framewise = True

    def forward(self, x, takes):
        TOLD.extend(takes)
        return super().forward(x)

    def transform(self, coords, present):
        return coords


def test_raw_recordings_keep_names_and_format_and_get_other_joints(folder, tmp_path):
    outcome = anonymize(folder, tmp_path / 'made')
    assert outcome.finished and outcome.recordings == 20 and not outcome.left_out
    before, after = contents(folder), contents(tmp_path / 'made')
    assert list(before) == list(after) and len(before) == 20
    smoothing = SmoothingAnonymizer(2.0, layout=LAYOUT, num_person=1).eval()
    for name in before:
        old, new = (FORMATS['utd_mhad'].read(c[name], name).keypoint for c in (before, after))
        expected = anonymize_keypoints(old, smoothing, dict(layout=LAYOUT))
        np.testing.assert_allclose(new, expected, atol=1e-6)
        assert np.abs(new - old).max() > 1e-3
    assert sorted(p.name for p in tmp_path.iterdir()) == ['made', 'raw']


@pytest.mark.parametrize('output', ['raw', 'annotations'])
def test_anonymizers_that_ask_are_told_which_performance_a_recording_shows(
    folder, tmp_path, output
):
    TOLD.clear()
    source = folder
    if output == 'annotations':
        source = tmp_path / 'in.pkl'
        data = annotations(n_subjects=2, n_actions=2)
        source.write_bytes(pickle.dumps(data))
        expected = [(None, s['subject'], s['trial'], s['label']) for s in data['annotations']]
    else:  # a<action>_s<subject>_t<trial>_skeleton.mat
        names = [name[:-4].split('_') for name in sorted(contents(folder))]
        expected = [(None, int(s[1:]), int(t[1:]), int(a[1:]) - 1) for a, s, t, _ in names]
    anonymize(source, tmp_path / f'made{source.suffix}', config('TakeWitness'))
    assert TOLD == expected


def test_our_converter_reads_them(folder, tmp_path):
    anonymize(folder, tmp_path / 'made')
    recordings, _ = utd_mhad.list_recordings(tmp_path / 'made')
    assert len(utd_mhad.convert_recordings(recordings)['annotations']) == 20


def test_an_archive_goes_in_and_out_and_tells_no_time(folder, tmp_path):
    anonymize(folder, tmp_path / 'made')
    with zipfile.ZipFile(tmp_path / 'raw.zip', 'w') as archive:
        for name, content in contents(folder).items():
            archive.writestr(f'deep/er/{name}', content)
    anonymize(tmp_path / 'raw.zip', tmp_path / 'made.zip')
    with zipfile.ZipFile(tmp_path / 'made.zip') as archive:
        infos = archive.infolist()
        made = {i.filename.removeprefix('deep/er/'): archive.read(i) for i in infos}
    assert made == contents(tmp_path / 'made')
    assert {i.date_time for i in infos} == {(1980, 1, 1, 0, 0, 0)}


def test_recordings_become_annotations_where_asked(folder, tmp_path):
    anonymize(folder, tmp_path / 'made')
    anonymize(folder, tmp_path / 'made.pkl')
    samples = {s['frame_dir']: s for s in load_annotations(tmp_path / 'made.pkl')}
    assert len(samples) == 20
    one = samples['a1_s2_t3']
    assert (one['label'], one['subject'], one['trial']) == (0, 2, 3)
    file = (tmp_path / 'made' / 'a1_s2_t3_skeleton.mat').read_bytes()
    np.testing.assert_array_equal(
        one['keypoint'], FORMATS['utd_mhad'].read(file, '').keypoint.astype('f4')
    )


def test_all_clips_get_one_length_where_asked(folder, tmp_path):
    anonymize(folder, tmp_path / 'made.pkl', frames=16)
    samples = load_annotations(tmp_path / 'made.pkl')
    assert {s['keypoint'].shape[1] for s in samples} == {s['total_frames'] for s in samples} == {16}


@pytest.mark.parametrize('source', ['folder', 'pickle'])
def test_any_number_of_processes_and_chunks_makes_the_same(folder, tmp_path, source):
    source = folder
    if source == 'pickle':
        source = tmp_path / 'in.pkl'
        source.write_bytes(pickle.dumps(annotations()))
    cfg = config(**NOISE)
    for number, options in enumerate((dict(), dict(chunk=7), dict(workers=2))):
        anonymize(source, tmp_path / f'{number}.pkl', cfg, seed=5, **options)
    first, *others = (tmp_path / f'{number}.pkl' for number in range(3))
    assert {path.read_bytes() for path in others} == {first.read_bytes()}


def test_batches_of_equal_length_make_the_same_up_to_rounding(folder, tmp_path):
    cfg = config('UNetAnonymizer', made=dict(base_channels=4, depth=2))
    with pytest.raises(ValueError, match='has weights'):
        anonymize(folder, tmp_path / 'none.pkl', cfg)
    for size in (1, 4):
        anonymize(folder, tmp_path / f'{size}.pkl', batch_size=size, chunk=20)
    one, four = (load_annotations(tmp_path / f'{size}.pkl') for size in (1, 4))
    for first, second in zip(one, four, strict=True):
        np.testing.assert_allclose(first['keypoint'], second['keypoint'], atol=1e-6)


class TestChance:
    def noise(self, source, target, **options):
        anonymize(source, target, config(**NOISE), **options)
        return {s['frame_dir']: s['keypoint'] for s in load_annotations(target)}

    def test_is_the_same_for_a_seed_and_another_without(self, folder, tmp_path):
        first, again, fresh, other = (
            self.noise(folder, tmp_path / f'{n}.pkl', seed=seed)
            for n, seed in enumerate((1, 1, None, 2))
        )
        assert all(np.array_equal(first[name], again[name]) for name in first)
        for another in (fresh, other):
            assert all(np.abs(first[name] - another[name]).max() > 0.01 for name in first)

    def test_is_of_each_recording_alone(self, folder, tmp_path):
        """No two clips share noise, or one could be subtracted from the other; and what else is there does not matter."""
        whole = self.noise(folder, tmp_path / 'whole.pkl', seed=1)
        clean = {s: clip(n, 10 + n % 4) for n, s in enumerate(sorted(whole, key=_number))}
        noise = {name: (whole[name] - clean[name])[0, :10].ravel() for name in whole}
        names = list(noise)
        assert abs(np.corrcoef([noise[n] for n in names])[np.triu_indices(20, 1)]).max() < 0.3
        for path in sorted(folder.iterdir())[:5]:
            path.unlink()
        rest = self.noise(folder, tmp_path / 'rest.pkl', seed=1)
        assert len(rest) == 15
        assert all(np.array_equal(rest[name], whole[name]) for name in rest)

    def test_a_seed_goes_before_that_of_the_config(self, folder, tmp_path):
        cfg = config('GaussianNoiseAnonymizer', made=dict(std=0.05, seed=3))
        for number, seed in enumerate((None, None, 1)):
            anonymize(folder, tmp_path / f'{number}.pkl', cfg, seed=seed)
        own, again, other = ((tmp_path / f'{n}.pkl').read_bytes() for n in range(3))
        assert own == again != other

    def test_a_release_never_draws_from_the_seed_of_the_config(self, folder, tmp_path, key_file):
        """Who has the config could subtract the noise."""
        cfg = config('GaussianNoiseAnonymizer', made=dict(std=0.05, seed=3))
        for number, seed in enumerate((None, None, 1, 1)):
            release = ReleaseOptions(key_file=key_file)
            outcome = anonymize(folder, tmp_path / f'{number}.pkl', cfg, release, seed)
            draws = outcome.provenance['options']['draws']
            assert draws == ('fresh' if seed is None else 'seeded')
        fresh, other, seeded, again = ((tmp_path / f'{n}.pkl').read_bytes() for n in range(4))
        assert fresh != other and seeded == again

    @pytest.mark.parametrize('seed', [None, 5])
    def test_the_seed_of_a_part_is_none_of_the_whole(self, folder, tmp_path, seed):
        """Bodies that are drawn around noise with a seed of its own need a seed of the run, or a run that goes on would draw others."""
        noise = dict(type='GaussianNoiseAnonymizer', std=0.05, seed=3)
        made = dict(anonymizer=noise, lengths='random', body=body(LAYOUT), seed=seed)
        cfg = config('CanonicalBodyAnonymizer', made=made)
        anonymize(folder, tmp_path / 'made.pkl', cfg, shard=(0, 1))
        state = json.loads((tmp_path / '.made.pkl.work' / 'state.json').read_text())
        assert (state['secret']['seed'] is None) == (seed is not None)


def _number(name: str) -> int:
    action, subject, trial = (int(part[1:]) for part in name.split('_'))
    return 12 * (action - 1) + 4 * (subject - 1) + trial - 1


def killed(after: int, *arguments, **options) -> bool:
    """Anonymize in another process, which is killed when it has written a number of files. Whether it came to its end before."""

    def child() -> None:
        write, written = WorkFolder.write, []

        def counted(self, name, content):
            written.append(name)
            if len(written) > after:
                write(self, name, content[: len(content) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            write(self, name, content)

        WorkFolder.write = counted
        anonymize(*arguments, **options)
        os._exit(0)

    process = multiprocessing.get_context('fork').Process(target=child)
    process.start()
    process.join(60)
    return process.exitcode == 0


@pytest.mark.parametrize('target', ['made', 'made.zip', 'made.pkl'])
def test_ten_kills_make_no_difference(folder, tmp_path, key_file, target):
    """The seed is fresh and kept for the run; so is the key of a release that was given none, but two runs could not be compared then."""
    cfg, release = config(**NOISE), ReleaseOptions(key_file=key_file)
    (tmp_path / 'one').mkdir()
    rng = np.random.default_rng(0)
    for _ in range(10):
        assert not killed(rng.integers(3), folder, tmp_path / 'one' / target, cfg, release, 7)
        assert [p.name for p in (tmp_path / 'one').iterdir()] == [f'.{target}.work']
    anonymize(folder, tmp_path / 'one' / target, cfg, release, 7)
    anonymize(folder, tmp_path / 'two' / target, cfg, release, 7)
    one, two = contents(tmp_path / 'one'), contents(tmp_path / 'two')
    assert one == two and len(one) == (21 if target == 'made' else 2)


def test_a_run_without_seed_goes_on_with_the_chance_it_began_with(folder, tmp_path):
    cfg = config('GaussianNoiseAnonymizer', made=dict(std=0.0))
    assert not killed(4, folder, tmp_path / 'made.pkl', config(**NOISE))
    work = tmp_path / '.made.pkl.work'
    assert (work.stat().st_mode & 0o777) == 0o700
    state = (work / 'state.json').read_text()
    with pytest.raises(ValueError, match='unfinished run of made.pkl with another config'):
        anonymize(folder, tmp_path / 'made.pkl', cfg)
    assert (work / 'state.json').read_text() == state
    done = [p.read_bytes() for p in sorted((work / 'parts').glob('*.records'))]
    assert len(done) >= 2
    anonymize(folder, tmp_path / 'made.pkl', config(**NOISE))
    made = (tmp_path / 'made.pkl').read_bytes()
    assert all(part in made for part in done) and not work.exists()


def test_what_was_changed_meanwhile_is_not_mixed(folder, tmp_path):
    assert not killed(4, folder, tmp_path / 'made', config(**NOISE))
    (folder / 'a1_s1_t1_skeleton.mat').touch()
    with pytest.raises(ValueError, match='another collection .*; give the settings of that run'):
        anonymize(folder, tmp_path / 'made', config(**NOISE))


def test_what_did_not_reach_the_disk_is_done_again(folder, tmp_path):
    anonymize(folder, tmp_path / 'made', shard=(0, 1))
    parts = tmp_path / '.made.work' / 'parts'
    (parts / 'a1_s1_t1_skeleton.mat').write_bytes(b'')
    (parts / 'a1_s3_t4_skeleton.mat').unlink()
    anonymize(folder, tmp_path / 'made')
    anonymize(folder, tmp_path / 'whole')
    assert contents(tmp_path / 'made') == contents(tmp_path / 'whole')


def test_what_was_changed_in_the_work_folder_is_found(folder, tmp_path):
    anonymize(folder, tmp_path / 'made', shard=(0, 1))
    path = tmp_path / '.made.work' / 'parts' / 'a1_s1_t1_skeleton.mat'
    path.write_bytes(path.read_bytes()[:-1] + b'x')
    with pytest.raises(ValueError, match='is not what was written there; delete the folder'):
        anonymize(folder, tmp_path / 'made')
    assert not (tmp_path / 'made').exists()


def test_progress_counts_what_is_done_before(folder, tmp_path):
    told = []

    class Bar:
        def __init__(self, total, done):
            told.append((total, done))

        def update(self, n):
            told.append(n)

        def close(self):
            told.append('end')

    anonymize(folder, tmp_path / 'made', shard=(0, 2), progress=Bar)
    anonymize(folder, tmp_path / 'made', progress=Bar)
    assert told == [(11, 0), 3, 3, 3, 2, 'end', (20, 11), 3, 3, 3, 'end']
