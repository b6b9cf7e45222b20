# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Several processes, started apart or by a launcher, share one run."""

import multiprocessing

import pytest
from collection_runs import NOISE, anonymize
from raw_recordings import config, contents

from mmskanon.collection import (
    ReleaseOptions,
)
from mmskanon.collection.work import WorkFolder


class TestShards:
    def test_put_together_they_are_the_whole(self, folder, tmp_path):
        cfg = config(**NOISE)
        anonymize(folder, tmp_path / 'whole', cfg, seed=1)
        left = []
        for index in (2, 0, 1):
            outcome = anonymize(folder, tmp_path / 'made', cfg, seed=1, shard=(index, 3))
            assert not outcome.finished and not (tmp_path / 'made').exists()
            left.append(outcome.remaining)
        assert left == [14, 6, 0]
        assert anonymize(folder, tmp_path / 'made', cfg, seed=1).finished
        assert contents(tmp_path / 'made') == contents(tmp_path / 'whole')

    def test_the_first_of_a_launcher_waits_for_the_others(self, folder, tmp_path):
        context = multiprocessing.get_context('fork')
        for index in (0, 1, 2):
            options = dict(shard=(index, 3), wait=True, seed=1)
            process = context.Process(
                target=anonymize, args=(folder, tmp_path / 'made'), kwargs=options
            )
            process.start()
        for child in multiprocessing.active_children():
            child.join(60)
            assert child.exitcode == 0
        anonymize(folder, tmp_path / 'whole', seed=1)
        assert contents(tmp_path / 'made') == contents(tmp_path / 'whole')

    def test_more_processes_than_chunks_are_no_fault(self, folder, tmp_path):
        outcome = anonymize(folder, tmp_path / 'made', shard=(7, 9), wait=True)
        assert '7 chunks of 3 recordings' in outcome.note and not outcome.finished
        assert [p.name for p in tmp_path.iterdir()] == ['raw']

    @pytest.mark.parametrize('overwrite', [False, True])
    def test_whoever_starts_when_all_is_done_ends_well(
        self, folder, tmp_path, monkeypatch, overwrite
    ):
        monkeypatch.setattr('mmskanon.collection.following.PATIENCE', 0)
        anonymize(folder, tmp_path / 'made')
        before = contents(tmp_path / 'made')
        for index in (1, 8):
            options = dict(shard=(index, 9), wait=True, overwrite=overwrite)
            outcome = anonymize(folder, tmp_path / 'made', release=ReleaseOptions(), **options)
            assert not outcome.finished and 'nothing to do' in outcome.note
        assert contents(tmp_path / 'made') == before
        assert sorted(p.name for p in tmp_path.iterdir()) == ['made', 'raw']

    def test_only_the_first_of_a_launcher_begins(self, folder, tmp_path, monkeypatch):
        monkeypatch.setattr('mmskanon.collection.following.PATIENCE', 0)
        with pytest.raises(TimeoutError, match='.made.work did not appear .* first process'):
            anonymize(folder, tmp_path / 'made', shard=(1, 3), wait=True)
        assert [p.name for p in tmp_path.iterdir()] == ['raw']

    def test_whoever_is_overtaken_by_the_end_ends_well(self, folder, tmp_path, monkeypatch):
        anonymize(folder, tmp_path / 'made', shard=(0, 1))
        join = WorkFolder.join

        def overtaken(self, *args, **kwargs):
            secret = join(self, *args, **kwargs)
            monkeypatch.setattr(WorkFolder, 'join', join)
            next((self.root / 'done').iterdir()).unlink()
            anonymize(folder, tmp_path / 'made')
            return secret

        monkeypatch.setattr(WorkFolder, 'join', overtaken)
        done = anonymize(folder, tmp_path / 'made', shard=(1, 2), wait=True)
        assert not done.finished and len(contents(tmp_path / 'made')) == 20
