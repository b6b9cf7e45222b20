# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Releasing an annotation file: who is in it cannot be read from what stands beside the motion."""

import getpass
import hashlib
import json
import os
import pickle
import re
from pathlib import Path

import audit_documents
import numpy as np
import pytest
from builders import LAYOUT, annotations
from collection_runs import KEY
from mmaction.datasets import PoseDataset
from raw_recordings import clip, config

from mmskanon.collection import MotionSettings, ReleaseOptions, RunOptions, anonymize_collection
from mmskanon.datasets.converters import utd_mhad
from mmskanon.io import load_annotations
from mmskanon.models import BaseAnonymizer
from mmskanon.registry import MODELS
from mmskanon.release import Finding, Pseudonyms
from mmskanon.skeletons.layouts import get_layout

SEEN = []


@MODELS.register_module(force=True)
class Witness(BaseAnonymizer):
    """Leaves the body as it is and remembers who was asked for."""

    asks_for_subject = True
    framewise = True

    def forward(self, x, subjects):
        SEEN.extend(subjects)
        return super().forward(x)

    def transform(self, coords, present):
        return coords


@pytest.fixture
def release(tmp_path):
    """Release annotations with the identity, and return what was made and what lies in the folder."""

    def run(data, cfg=None, dry_run=False, placement='canonical', **options):
        source = tmp_path / 'in.pkl'
        if not source.exists() or source.read_bytes() != pickle.dumps(data):
            source.write_bytes(pickle.dumps(data))
        target = tmp_path / 'out' / 'public.pkl'
        motion = MotionSettings(cfg or config(), None, placement=placement)
        asked = ReleaseOptions(**options)
        return anonymize_collection(motion, source, target, release=asked, dry_run=dry_run), target

    return run


def left(folder):
    return sorted(path.name for path in folder.rglob('*') if path.is_file())


def test_a_release_has_everything_that_training_needs_and_nothing_more(release, key_file):
    data = annotations()
    of = {s['frame_dir']: Pseudonyms(KEY).of(s['frame_dir']) for s in data['annotations']}
    made, target = release(data, key_file=key_file, placement='keep')
    public = load_annotations(target)
    assert list(public) == ['split', 'annotations']
    assert made.recordings == len(public['annotations']) == 48
    by_name = {s['frame_dir']: s for s in public['annotations']}
    for sample in data['annotations']:
        new = by_name[of[sample['frame_dir']]]
        assert list(new) == ['frame_dir', 'label', 'keypoint', 'total_frames']
        assert (new['label'], new['total_frames']) == (sample['label'], 20)
        np.testing.assert_allclose(new['keypoint'], sample['keypoint'], atol=1e-6)
    for part, names in data['split'].items():
        assert sorted(public['split'][part]) == sorted(of[name] for name in names)
    assert left(target.parent) == ['public.pkl', 'public.provenance.json']


def test_order_is_that_of_the_original_only_where_asked(release, key_file):
    data = annotations()
    names = [Pseudonyms(KEY).of(s['frame_dir']) for s in data['annotations']]
    _, target = release(data, key_file=key_file)
    public = load_annotations(target)
    order = [s['frame_dir'] for s in public['annotations']]
    assert order != names and sorted(order) == sorted(names)
    train = [Pseudonyms(KEY).of(name) for name in data['split']['train']]
    assert public['split']['train'] != train
    target.unlink()
    target.with_name('public.provenance.json').unlink()
    _, target = release(data, key_file=key_file, shuffle=False)
    public = load_annotations(target)
    assert [s['frame_dir'] for s in public['annotations']] == names
    assert public['split']['train'] == train


def test_placement_is_taken_out_unless_kept(release):
    """Two people who do the same in two places cannot be told apart by where they stood."""
    data = annotations(noise=0)
    for number, sample in enumerate(data['annotations']):
        sample['keypoint'] = data['annotations'][sample['label'] * 4]['keypoint'] + number
    _, target = release(data)
    center = get_layout(LAYOUT).center
    first = [s['keypoint'][0, 0, center] for s in load_annotations(target)['annotations']]
    assert np.abs(first).max() < 1e-6
    by_label = {}
    for sample in load_annotations(target)['annotations']:
        by_label.setdefault(sample['label'], []).append(sample['keypoint'])
    assert all(np.ptp(clips, axis=0).max() < 1e-4 for clips in map(np.array, by_label.values()))


def test_the_subject_is_used_before_it_is_dropped_even_where_only_names_tell(release):
    data = annotations(joints=25, persons=2)
    for number, sample in enumerate(data['annotations']):
        sample['frame_dir'] = f'S001C001P{sample.pop("subject"):03d}R001A{number:03d}'
    del data['split']
    SEEN.clear()
    cfg = config('Witness', 'nturgb+d', 2)
    _, target = release(data, cfg, keep=('subject', 'camera'))
    assert SEEN == [s for s in (1, 2, 3, 4) for _ in range(12)]
    public = load_annotations(target)
    people = [s['subject'] for s in public['annotations']]
    assert sorted(map(people.count, set(people))) == [12] * 4
    assert all(re.fullmatch('[0-9a-f]{20}', p) for p in people)
    assert {s['camera'] for s in public['annotations']} == {1}
    assert 'P001' not in target.read_bytes().decode('latin1')


def test_stock_mmaction2_reads_it(release):
    data = annotations(joints=25, persons=2)
    _, target = release(data, config(layout='nturgb+d', persons=2))
    pipeline = [
        dict(type='PreNormalize3D'),
        dict(type='UniformSampleFrames', clip_len=12),
        dict(type='PoseDecode'),
    ]
    dataset = PoseDataset(str(target), pipeline=pipeline, split='test')
    assert len(dataset) == 24
    assert all(np.isfinite(sample['keypoint']).all() for sample in dataset)
    assert {sample['label'] for sample in dataset} == {0, 1, 2}


@pytest.mark.parametrize('dry_run', [True, False])
@pytest.mark.parametrize(
    'note', ['as a1_s1_t1, tired', 'Alice', 'subject 3', '/data/alice', 'P003', getpass.getuser()]
)
def test_a_trace_in_what_is_kept_is_told_and_nothing_is_left(release, tmp_path, note, dry_run):
    data = annotations()
    for sample in data['annotations']:
        sample['operator'] = 'Alice'
    data['annotations'][3]['note'] = note if note != 'root' else 'see /root/x'
    with pytest.raises(ValueError, match=r"public.pkl was not written.*\n.*\['note'\]: ") as error:
        release(data, keep=('note',), dry_run=dry_run)
    lines = str(error.value).splitlines()[1:]
    assert 1 <= len(lines) <= 2 and all("['note']: " in line for line in lines)
    assert left(tmp_path) == ['in.pkl'] and not (tmp_path / 'out').exists()


def test_a_trace_in_the_name_of_the_file_is_found(release, tmp_path):
    data = annotations()
    for sample in data['annotations']:
        sample['subject'] = f'public-{sample["subject"]}'
    data['annotations'][0]['subject'] = 'public'
    with pytest.raises(ValueError, match=r'provenance.*public'):
        release(data)
    assert left(tmp_path) == ['in.pkl']


@pytest.mark.parametrize('dry_run', [True, False])
def test_raw_recordings_too_are_searched_before_anything_is_done(tmp_path, dry_run):
    (tmp_path / 'raw').mkdir()
    np.save(tmp_path / 'raw' / 'public.npy', clip(0, 9))
    motion = MotionSettings(config(), None)
    arguments = motion, tmp_path / 'raw', tmp_path / 'out' / 'public'
    with pytest.raises(ValueError, match=r'provenance.*public'):
        anonymize_collection(*arguments, release=ReleaseOptions(), dry_run=dry_run)
    assert left(tmp_path) == ['public.npy'] and not (tmp_path / 'out').exists()


def test_recordings_may_be_called_like_words_of_ours(tmp_path):
    (tmp_path / 'raw').mkdir()
    names = ['nobody', 'samples', 'anonymized', 'HMAC-SHA256', 'fortran_order', 'canonical']
    for number, name in enumerate(names):
        np.save(tmp_path / 'raw' / f'{name}.npy', clip(number, 9) * (name != 'nobody'))
    (tmp_path / 'raw' / 'faulty.npy').write_bytes(b'x')
    motion, run = MotionSettings(config(), None), RunOptions(skip_faulty=True)
    arguments = motion, tmp_path / 'raw', tmp_path / 'out' / 'public'
    done = anonymize_collection(*arguments, release=ReleaseOptions(), run=run)
    assert done.recordings == 5
    assert sorted(done.provenance['samples'])[-2:] == ['no file 1', 'no file 2']


def test_equal_recordings_are_all_counted(tmp_path):
    (tmp_path / 'raw').mkdir()
    for name in 'abc':
        np.save(tmp_path / 'raw' / f'rec_{name}.npy', clip(int(name == 'c'), 9))
    arguments = MotionSettings(config(), None), tmp_path / 'raw', tmp_path / 'public'
    document = anonymize_collection(*arguments, release=ReleaseOptions()).provenance
    assert document['counts']['samples'] == document['released']['files'] == 3
    assert len(document['samples']) == 2


def test_what_is_found_at_the_end_leaves_what_is_done(release, tmp_path, monkeypatch):
    trace = Finding('an original name', 'x', 'the end')
    with monkeypatch.context() as patch:
        patch.setattr('mmskanon.collection.ending.scan_bytes', lambda *_: [trace])
        with pytest.raises(ValueError, match=r'name somebody:\n.*\n.*.public.pkl.work keeps what'):
            release(annotations())
    assert [p.name for p in (tmp_path / 'out').iterdir()] == ['.public.pkl.work']
    release(annotations())
    assert left(tmp_path / 'out') == ['public.pkl', 'public.provenance.json']


@pytest.mark.parametrize('moment', ['sha256_of', 'scan_bytes', 'scan_provenance_file', 'move'])
def test_a_failure_at_the_end_leaves_neither_file_and_the_same_call_goes_on(
    release, tmp_path, monkeypatch, moment
):
    def fail(*args, **kwargs):
        raise OSError('the disk is gone')

    data = annotations()
    with monkeypatch.context() as patch:
        if moment == 'move':  # of the second of the two files
            replace, moved = os.replace, []

            def second(source, target):
                if Path(target).parent.name == 'out':
                    moved.append(target)
                    if len(moved) == 2:
                        fail()
                replace(source, target)

            patch.setattr('os.replace', second)
        else:
            patch.setattr(f'mmskanon.collection.ending.{moment}', fail)
        with pytest.raises(OSError, match='the disk is gone'):
            release(data)
    assert not [n for n in left(tmp_path) if n.startswith('public')]
    assert [p.name for p in (tmp_path / 'out').iterdir()] == ['.public.pkl.work']
    assert (tmp_path / 'out' / '.public.pkl.work').stat().st_mode & 0o077 == 0
    _, target = release(data)
    assert left(target.parent) == ['public.pkl', 'public.provenance.json']


def test_a_dry_run_plans_the_same_and_writes_nothing(release, tmp_path):
    data = annotations()
    planned, _ = release(data, keep=('trial',), dry_run=True)
    assert left(tmp_path) == ['in.pkl']
    made, _ = release(data, keep=('trial',))
    assert planned.fates == made.fates
    assert planned.fates['keypoint', 'anonymized'] == planned.fates['trial', 'kept'] == 48
    assert planned.fates['subject', 'dropped'] == 48
    assert planned.provenance['counts'] == made.provenance['counts']


@pytest.mark.parametrize('name', ['public.pkl', 'public.provenance.json'])
def test_what_exists_is_not_overwritten_unasked(release, tmp_path, name):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / name).write_text('precious')
    with pytest.raises(FileExistsError, match=name):
        release(annotations())
    assert (tmp_path / 'out' / name).read_text() == 'precious'


def test_the_original_is_never_the_target(tmp_path):
    (tmp_path / 'in.pkl').write_bytes(pickle.dumps(annotations()))
    for target, words in (('in.pkl', 'is the original itself'), ('public.pickle', 'end in .pkl')):
        with pytest.raises(ValueError, match=words):
            anonymize_collection(
                MotionSettings(config(), None),
                tmp_path / 'in.pkl',
                tmp_path / target,
                release=ReleaseOptions(),
                run=RunOptions(overwrite=True),
            )
    assert left(tmp_path) == ['in.pkl']


def test_scores_and_shapes_of_any_size_have_one_fate(release):
    """A dry run knows arrays that stay in the file by their heads only."""
    data = annotations()
    for number, sample in enumerate(data['annotations']):
        score = np.ones(sample['keypoint'].shape[:3], np.float32)
        sample['keypoint_score'] = score if number % 2 else np.full(score.shape, 'x' * 3)
        sample['img_shape'] = np.arange(2 if number % 3 else 999)
    planned, _ = release(data, dry_run=True)
    made, target = release(data)
    assert planned.fates == made.fates
    assert made.fates['keypoint_score', 'kept'] == made.fates['keypoint_score', 'dropped'] == 24
    assert made.fates['img_shape', 'kept'] == 32 and made.fates['img_shape', 'dropped'] == 16
    kept = [s['keypoint_score'] for s in load_annotations(target)['annotations'] if len(s) > 5]
    assert all(score.all() for score in kept)


def test_joints_are_told_to_be_anonymized_also_where_they_are_kept(release):
    made, _ = release(annotations(), keep=('keypoint',))
    assert made.fates['keypoint', 'anonymized'] == 48 and not made.fates['keypoint', 'kept']


class TestProvenance:
    def read(self, target):
        return json.loads(target.with_suffix('.provenance.json').read_text())

    def test_it_says_how_the_file_was_made_and_names_nobody(self, release, key_file, tmp_path):
        made, target = release(annotations(), key_file=key_file, keep=('subject',))
        text = target.with_suffix('.provenance.json').read_text()
        document = json.loads(text)
        assert document == made.provenance
        assert document['released'] == dict(
            file='public.pkl', sha256=hashlib.sha256(target.read_bytes()).hexdigest()
        )
        assert set(document['software']) == {'mmskanon', 'mmaction2', 'mmengine', 'torch', 'numpy'}
        assert document['anonymizer'] == 'IdentityAnonymizer'
        assert document['counts']['keys']['dropped'] == {'trial': 48}
        public = load_annotations(target)['annotations']
        assert list(document['samples']) == sorted(s['frame_dir'] for s in public)
        assert set(document['samples'].values()) == {'anonymized'}
        assert re.fullmatch(r'\d{4}-\d\d-\d\d', document['date'])
        assert not re.search(r'\d\d:\d\d', text)
        assert str(tmp_path) not in text and 'a1_s1' not in text and KEY.decode() not in text

    def test_the_digest_of_the_config_does_not_depend_on_folders(self, release):
        digests = set()
        for place in ('/home/alice/data/x.pkl', 'data/x.pkl', 'C:\\x.pkl', 'data/y.pkl'):
            made, _ = release(annotations(), config(ann_file=place), dry_run=True)
            digests.add(made.provenance['config']['sha256'])
        assert len(digests) == 2

    def test_keys_that_can_be_anything_are_counted_and_not_named(self, release):
        data = annotations()
        data['annotations'][0]['Alice was here'] = 1
        _, target = release(data)
        assert self.read(target)['counts']['other_keys_dropped'] == 1
        assert 'Alice' not in target.with_suffix('.provenance.json').read_text()

    def report(self, folder, sha256):
        document = audit_documents.document(sha256=sha256)
        (folder / 'report.json').write_text(json.dumps(document))
        return folder / 'report.json'

    def test_an_audit_of_the_same_original_is_quoted(self, release, tmp_path):
        data = annotations()
        sha256 = hashlib.sha256(pickle.dumps(data)).hexdigest()
        report = self.report(tmp_path, sha256)
        _, target = release(data, audit=report, audit_method='k-same')
        audit = self.read(target)['audit']
        assert audit['method'] == 'k-same' and audit['verdict']['claim'] == 'leaks'
        assert audit['strongest'] == dict(tier='adaptive', attacker='tcn', rank1=0.371)
        assert audit['action'] == 0.965 and audit['bone_deviation'] == 0.15
        assert 'per_class' not in json.dumps(audit)

    def test_an_audit_that_does_not_fit_is_refused(self, release, tmp_path):
        data = annotations()
        sha256 = hashlib.sha256(pickle.dumps(data)).hexdigest()
        for fits, method, words in (
            (False, 'unet', 'audit of another original'),
            (True, None, 'choose one with --audit-method'),
            (True, 'blur', "no method 'blur'"),
        ):
            report = self.report(tmp_path, sha256 if fits else 'a1' * 32)
            with pytest.raises(ValueError, match=words):
                release(data, audit=report, audit_method=method)
        assert left(tmp_path) == ['in.pkl', 'report.json']


def test_real_recordings(utd_dir, tmp_path):
    recordings, _ = utd_mhad.list_recordings(utd_dir)
    data = utd_mhad.convert_recordings(recordings[::13])
    source, target = tmp_path / 'utd_mhad.pkl', tmp_path / 'public.pkl'
    source.write_bytes(pickle.dumps(data))
    motion = MotionSettings(
        config('SmoothingAnonymizer', made=dict(sigma=1.0)), None, placement='canonical'
    )
    anonymize_collection(motion, source, target, release=ReleaseOptions())
    content = target.read_bytes()
    assert not re.search(rb'a\d+_s\d+_t\d+|subject|trial', content)
    public = load_annotations(target)
    assert len(public['annotations']) == len(data['annotations']) > 60
    center = get_layout(LAYOUT).center
    assert np.abs([s['keypoint'][0, 0, center] for s in public['annotations']]).max() < 1e-6
    lengths = sorted(s['total_frames'] for s in data['annotations'])
    assert sorted(s['keypoint'].shape[1] for s in public['annotations']) == lengths
    for split, names in data['split'].items():
        assert len(PoseDataset(str(target), pipeline=[], split=split)) == len(names)
