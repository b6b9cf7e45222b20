# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The folder of an unfinished run, where several commands meet, the disk is full, or somebody else deletes it."""

import copy
import errno
import json
import multiprocessing
import os
import pickle
import shutil
import signal
import threading
from pathlib import Path

import pytest
import torch
from builders import action_head, annotations, tiny_net
from mmengine.config import Config
from raw_recordings import config, contents, utd_folder

from mmskanon.collection import MotionSettings, ReleaseOptions, RunOptions, anonymize_collection
from mmskanon.collection import ending as ending_module
from mmskanon.collection.motion import Motion
from mmskanon.collection.work import WorkFolder
from mmskanon.registry import MODELS


@pytest.fixture
def folder(tmp_path):
    return utd_folder(tmp_path / 'raw', 6)


def anonymize(source, target, cfg=None, release=None, **options):
    run = RunOptions(**{'chunk': 3, **options})
    motion = MotionSettings(cfg or config(), None)
    return anonymize_collection(motion, source, target, release=release, run=run)


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_command_with_other_settings_leaves_a_run_alone_that_has_just_begun(folder, tmp_path):
    begun = []

    class Bar:
        """Begins a second command while the first one does its first chunk."""

        def __init__(self, total, done):
            with pytest.raises(ValueError, match='another config'):
                anonymize(
                    folder, tmp_path / 'made', config('SmoothingAnonymizer', made=dict(sigma=2))
                )
            begun.append(total)

        def update(self, n):
            assert (tmp_path / '.made.work' / 'state.json').exists()

        def close(self):
            pass

    motion = MotionSettings(config(), None)
    anonymize_collection(motion, folder, tmp_path / 'made', progress=Bar)
    assert begun == [6] and listing(tmp_path) == ['made', 'raw']


def test_whoever_comes_late_does_not_bring_the_folder_back(tmp_path):
    first, second = WorkFolder(tmp_path / 'made'), WorkFolder(tmp_path / 'made')
    assert first.join({}, dict(seed=1)) == second.join({}, dict(seed=2)) == dict(seed=1)
    second.write('x/a', b'1')
    first.remove()
    for call in (
        lambda: second.write('x/a', b'1'),
        lambda: second.write('b', b'1'),
        lambda: second.finish(0, {}),
        lambda: second.told(0),
        second.check,
    ):
        with pytest.raises(FileNotFoundError, match='another command finished or ended this run'):
            call()
    assert listing(tmp_path) == []


def test_the_rank_that_waits_ends_when_another_one_ends_the_run(folder, tmp_path):
    class Bar:
        def __init__(self, total, done):
            pass

        def update(self, n):
            WorkFolder(tmp_path / 'made').remove()

        def close(self):
            pass

    with pytest.raises(FileNotFoundError, match='finished or ended this run'):
        anonymize_collection(
            MotionSettings(config(), None),
            folder,
            tmp_path / 'made',
            run=RunOptions(chunk=3, shard=(0, 2), wait=True),
            progress=Bar,
        )
    assert listing(tmp_path) == ['raw']


def test_what_a_killed_removal_left_is_neither_used_nor_kept(folder, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, 'rmtree', lambda *args, **kwargs: None)
        with pytest.warns(UserWarning, match='work.ended could not be deleted; delete it'):
            anonymize(folder, tmp_path / 'one')
    assert listing(tmp_path) == ['.one.work.ended', 'one', 'raw']
    assert (tmp_path / '.one.work.ended').stat().st_mode & 0o077 == 0
    anonymize(folder, tmp_path / 'one', overwrite=True)
    assert listing(tmp_path) == ['one', 'raw']


def test_a_folder_that_was_there_is_closed_before_secrets_are_in_it(tmp_path):
    (tmp_path / '.made.work').mkdir(mode=0o755)
    WorkFolder(tmp_path / 'made').join({}, dict(seed=1))
    assert (tmp_path / '.made.work').stat().st_mode & 0o777 == 0o700


def test_what_was_given_is_not_written_down(folder, tmp_path):
    (tmp_path / 'key').write_bytes(b'sixteen bytes or more')
    motion, run = MotionSettings(config(), None), RunOptions(chunk=3, shard=(0, 1))
    release = ReleaseOptions(key_file=tmp_path / 'key')
    anonymize_collection(motion, folder, tmp_path / 'made', 424242, release, run)
    state = (tmp_path / '.made.work' / 'state.json').read_text()
    assert json.loads(state)['secret'] == dict(key=None, seed=None)
    assert '424242' not in state and 'sixteen' not in state


@pytest.mark.parametrize('target', ['made', 'made.pkl'])
def test_a_full_disk_is_told_and_what_is_done_is_kept(folder, tmp_path, monkeypatch, target):
    write, written = Path.write_bytes, []

    def full(self, content):
        written.append(self)
        if len(written) > (4 if target == 'made' else 1):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return write(self, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, 'write_bytes', full)
        with pytest.raises(OSError, match='the disk is full: what is done .* same command again'):
            anonymize(folder, tmp_path / target)
    work = tmp_path / f'.{target}.work'
    assert listing(work / 'done') == ['0000000.json']
    assert not [path for path in work.iterdir() if path.name.startswith('.part')]
    anonymize(folder, tmp_path / target)
    assert listing(tmp_path) == [target, 'raw']


def test_a_kill_at_the_very_end_leaves_nothing_unsearched_beside_the_output(folder, tmp_path):
    out = tmp_path / 'out'

    def child():
        def half(path, around, records):
            path.write_bytes(b'half of it')
            os.kill(os.getpid(), signal.SIGKILL)

        ending_module.write_annotation_file = half
        anonymize(folder, out / 'made.pkl', release=ReleaseOptions())

    process = multiprocessing.get_context('fork').Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert listing(out) == ['.made.pkl.work']
    anonymize(folder, out / 'made.pkl', release=ReleaseOptions())
    assert listing(out) == ['made.pkl', 'made.provenance.json']


def test_what_a_kill_between_output_and_removal_left_is_told(folder, tmp_path):
    anonymize(folder, tmp_path / 'made', shard=(0, 1))
    anonymize(folder, tmp_path / 'whole')
    (tmp_path / 'whole').rename(tmp_path / 'made')
    with pytest.raises(FileExistsError, match=r'.made.work is what a run .* delete that folder'):
        anonymize(folder, tmp_path / 'made')


def test_sums_are_rounded_alike_in_any_number_of_processes(folder, tmp_path, monkeypatch):
    """Several threads add in another order, so that networks would give other bits."""
    call, threads = Motion.__call__, []

    def counted(self, clips):
        threads.append(torch.get_num_threads())
        return call(self, clips)

    before = torch.get_num_threads()
    monkeypatch.setattr(Motion, '__call__', counted)
    torch.set_num_threads(2)
    try:
        anonymize(folder, tmp_path / 'made', workers=1)
        assert threads == [1, 1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_worker_that_is_killed_is_told(folder, tmp_path, monkeypatch):
    monkeypatch.setattr('mmskanon.collection.run.start_worker', os.close)  # fails
    with pytest.raises(OSError, match='a worker process was killed, .* with fewer workers'):
        anonymize(folder, tmp_path / 'made', workers=2)
    assert listing(tmp_path) == ['raw']


def test_workers_know_anonymizers_from_outside_of_the_package(folder, tmp_path, monkeypatch):
    (tmp_path / 'lib').mkdir()
    (tmp_path / 'lib' / 'outside_of_mmskanon.py').write_text(
        'from mmskanon.models.anonymizers import IdentityAnonymizer\n'
        'from mmskanon.registry import MODELS\n\n\n'
        '@MODELS.register_module()\n'
        'class Outsider(IdentityAnonymizer):\n'
        '    """The identity."""\n'
    )
    monkeypatch.syspath_prepend(tmp_path / 'lib')
    (tmp_path / 'cfg.json').write_text(
        json.dumps(
            config('Outsider', custom_imports=dict(imports=['outside_of_mmskanon'])).to_dict()
        )
    )
    cfg = Config.fromfile(tmp_path / 'cfg.json')
    outcome = anonymize(folder, tmp_path / 'made', cfg, workers=2)
    assert outcome.finished and len(contents(tmp_path / 'made')) == 6


def test_an_anonymizer_is_built_once_for_all_workers(folder, tmp_path, monkeypatch):
    """What takes long to build, such as habits of a collection, is not built again, and is the same everywhere."""
    (tmp_path / 'lib').mkdir()
    (tmp_path / 'lib' / 'counted_of_mmskanon.py').write_text(
        'from mmskanon.models.anonymizers import IdentityAnonymizer\n'
        'from mmskanon.registry import MODELS\n\n\n'
        '@MODELS.register_module()\n'
        'class Counted(IdentityAnonymizer):\n'
        '    """The identity, which says in a file that it was built, and by how many threads."""\n\n'
        '    def __init__(self, note, **kwargs):\n'
        '        import torch\n'
        '        super().__init__(**kwargs)\n'
        '        with open(note, "a") as file:\n'
        '            print(torch.get_num_threads(), file=file)\n'
    )
    monkeypatch.syspath_prepend(tmp_path / 'lib')
    note = tmp_path / 'note.txt'
    cfg = config(
        'Counted',
        made=dict(note=str(note)),
        custom_imports=dict(imports=['counted_of_mmskanon']),
    )
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        anonymize(folder, tmp_path / 'made', cfg, workers=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert note.read_text().split() == ['1']


def test_recognizers_of_mmaction2_can_be_sent(tmp_path):
    """Blocks of its networks hold lambdas."""
    net, samples = tiny_net(action_head(3)), annotations()
    torch.save(MODELS.build(copy.deepcopy(net)).state_dict(), tmp_path / 'net.pth')
    (tmp_path / 'clips.pkl').write_bytes(pickle.dumps(samples))
    cfg = config(
        'KSameAnonymizer',
        made=dict(
            k=2,
            seed=0,
            recognizer=dict(net=net, checkpoint=str(tmp_path / 'net.pth')),
            population=dict(ann_file=str(tmp_path / 'clips.pkl'), split='train'),
        ),
    )
    for workers in (1, 2):
        made = tmp_path / f'{workers}.pkl'
        assert anonymize(tmp_path / 'clips.pkl', made, cfg, workers=workers, chunk=24).finished
    assert (tmp_path / '1.pkl').read_bytes() == (tmp_path / '2.pkl').read_bytes()


def test_an_anonymizer_that_cannot_be_sent_is_told(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(Motion, '__reduce__', lambda self: (str, (threading.Lock(),)))
    with pytest.raises(ValueError, match='IdentityAnonymizer cannot be sent .* --workers 1'):
        anonymize(folder, tmp_path / 'made', workers=2)
    assert listing(tmp_path) == ['raw']
