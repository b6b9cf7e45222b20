# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recordings that cannot be used, outputs that are in the way, and numbers that make no sense."""

import numpy as np
import pytest
from collection_runs import anonymize
from raw_recordings import clip, config, contents

from mmskanon.collection import (
    MotionSettings,
)
from mmskanon.collection.motion import Motion


class TestFaults:
    def test_the_first_faulty_recording_ends_the_run_and_is_named(self, folder, tmp_path):
        (folder / 'a1_s1_t2_skeleton.mat').write_bytes(b'no recording')
        with pytest.raises(ValueError, match='a1_s1_t2_skeleton.mat'):
            anonymize(folder, tmp_path / 'made')
        assert [p.name for p in tmp_path.iterdir()] == ['raw']

    def test_faulty_ones_are_left_out_and_told_where_asked(self, folder, tmp_path):
        (folder / 'a2_s1_t2_skeleton.mat').write_bytes(b'no recording')
        with pytest.raises(ValueError, match='a2_s1_t2_skeleton.mat'):
            anonymize(folder, tmp_path / 'made')
        # What was done before the fault is not lost.
        outcome = anonymize(folder, tmp_path / 'made', skip_faulty=True)
        assert outcome.recordings == 19
        assert outcome.left_out == [('a2_s1_t2_skeleton.mat', 'left out: faulty')]
        assert 'a2_s1_t2_skeleton.mat' in outcome.problems[0]
        assert len(contents(tmp_path / 'made')) == 19

    def test_who_is_not_seen_is_left_out_and_told(self, tmp_path):
        (tmp_path / 'raw').mkdir()
        for number in range(3):
            np.save(tmp_path / 'raw' / f'{number}.npy', clip(number, 9) * (number != 1))
        outcome = anonymize(tmp_path / 'raw', tmp_path / 'made')
        assert outcome.left_out == [('1.npy', 'left out: shows nobody')]
        assert list(contents(tmp_path / 'made')) == ['0.npy', '2.npy']

    def test_too_many_persons_are_named(self, tmp_path):
        (tmp_path / 'raw').mkdir()
        two = np.concatenate([clip(0, 9), clip(1, 9)])
        np.save(tmp_path / 'raw' / 'two.npy', two)
        with pytest.raises(ValueError, match=r'two.npy shows 2 persons, .* trained for 1'):
            anonymize(tmp_path / 'raw', tmp_path / 'made')
        np.save(tmp_path / 'raw' / 'hand.npy', clip(0, 9, joints=21))
        np.save(tmp_path / 'raw' / 'walk.npy', clip(0, 9))
        outcome = anonymize(tmp_path / 'raw', tmp_path / 'made', skip_faulty=True)
        assert outcome.recordings == 1 and len(outcome.problems) == 2
        assert 'hand.npy has 21 joints' in outcome.problems[0]

    def test_what_the_anonymizer_or_the_format_refuses_is_named_and_left_out(self, tmp_path):
        (tmp_path / 'raw').mkdir()
        np.save(tmp_path / 'raw' / 'flat.npy', clip(0, 9)[..., :2])
        with pytest.raises(ValueError, match=r'flat.npy has 2 coordinates a joint, .* for 3'):
            anonymize(tmp_path / 'raw', tmp_path / 'made')
        np.save(tmp_path / 'raw' / 'far.npy', (clip(0, 9) + 60000).astype(np.float16))
        np.save(tmp_path / 'raw' / 'walk.npy', clip(0, 9))
        cfg = config('GaussianNoiseAnonymizer', made=dict(std=1e5))
        (tmp_path / 'raw' / 'flat.npy').rename(tmp_path / 'raw' / 'a.npy')
        with pytest.raises(ValueError, match=r'a.npy has 2 coordinates'):
            anonymize(tmp_path / 'raw', tmp_path / 'made', cfg, seed=1)
        outcome = anonymize(tmp_path / 'raw', tmp_path / 'made', cfg, skip_faulty=True, seed=1)
        assert sorted(outcome.left_out) == [(f'{n}.npy', 'left out: faulty') for n in ('a', 'far')]
        assert len(outcome.problems) == 2
        assert 'far.npy: the anonymized joints hold NaN' in outcome.problems[1]
        assert list(contents(tmp_path / 'made')) == ['walk.npy']

    def test_who_needs_a_subject_names_the_file_without_one(self):
        motion = Motion(MotionSettings(config(), None))
        motion.anonymizer.asks_for_subject = True
        motion.check(clip(0, 9), 'walk.npy', 3)
        with pytest.raises(ValueError, match='walk.npy has no subject, which Identity'):
            motion.check(clip(0, 9), 'walk.npy', None)

    def test_scores_are_made_anew_and_coordinates_are_none(self, tmp_path):
        (tmp_path / 'raw').mkdir()
        walk = np.random.default_rng(0).random((1, 9, 17, 3)).astype(np.float32)
        walk[0, 4] = 0
        np.save(tmp_path / 'raw' / 'walk.npy', walk)
        cfg = config('SmoothingAnonymizer', layout='coco', made=dict(sigma=2.0))
        anonymize(tmp_path / 'raw', tmp_path / 'made', cfg)
        made = np.load(tmp_path / 'made' / 'walk.npy')
        np.testing.assert_array_equal(
            made[0, ..., 2], np.repeat(np.arange(9) != 4, 17).reshape(9, 17)
        )
        np.save(tmp_path / 'raw' / 'walk.npy', walk * 3)
        with pytest.raises(ValueError, match=r"a further coordinate\? the layout 'coco' has 2"):
            anonymize(tmp_path / 'raw', tmp_path / 'deep', cfg)

    def test_the_layout_has_to_fit(self, folder, tmp_path):
        with pytest.raises(ValueError, match="layout 'kinect_v1', .* trained for 'nturgb\\+d'"):
            anonymize(folder, tmp_path / 'made', config(layout='nturgb+d'))

    def test_nothing_to_do(self, tmp_path):
        (tmp_path / 'raw').mkdir()
        (tmp_path / 'raw' / 'notes.txt').write_text('x')
        with pytest.raises(ValueError, match=r'found 1 with \.txt'):
            anonymize(tmp_path / 'raw', tmp_path / 'made')
        with pytest.raises(FileNotFoundError, match='does not exist'):
            anonymize(tmp_path / 'none', tmp_path / 'made')

    @pytest.mark.parametrize(
        ('target', 'words'),
        [('raw', 'is the original'), ('raw/in', 'lies in the other'), ('.', 'lies in the other')],
    )
    def test_the_output_lies_elsewhere(self, folder, tmp_path, target, words):
        with pytest.raises(ValueError, match=words):
            anonymize(folder, tmp_path / target)

    def test_what_exists_is_replaced_only_where_asked(self, folder, tmp_path):
        (tmp_path / 'made').mkdir()
        (tmp_path / 'made' / 'precious.mat').write_text('x')
        with pytest.raises(FileExistsError, match='made exists already'):
            anonymize(folder, tmp_path / 'made')
        assert (tmp_path / 'made' / 'precious.mat').read_text() == 'x'
        anonymize(folder, tmp_path / 'made', overwrite=True)
        assert list(contents(tmp_path / 'made')) == list(contents(folder))
        assert sorted(p.name for p in tmp_path.iterdir()) == ['made', 'raw']

    @pytest.mark.parametrize(
        'options',
        [dict(workers=0), dict(chunk=0), dict(shard=(2, 2)), dict(batch_size=0), dict(frames=0)],
    )
    def test_numbers_that_make_no_sense(self, folder, tmp_path, options):
        with pytest.raises(ValueError, match=r'must be'):
            anonymize(folder, tmp_path / 'made', **options)
