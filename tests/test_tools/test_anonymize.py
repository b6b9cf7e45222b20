# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What tools/anonymize.py writes, and that stock MMAction2 recipes read it."""

import pickle

import numpy as np
import pytest
import torch
from builders import LAYOUT, action_head, annotations, tiny_model, tiny_net
from mmaction.datasets import PoseDataset
from raw_recordings import contents, utd_folder

from mmskanon.io import load_annotations

IDENTITY = dict(type='IdentityAnonymizer', layout=LAYOUT, num_person=1)


def ran(done):
    assert done.code == 0, done.err
    assert 'error' not in done.err
    return done


@pytest.fixture
def export(tool, config, save, checkpoint, tmp_path):
    """Export annotations with an anonymizer and read the file back."""

    def run(data, anonymizer=None, weights='none', **overrides):
        source = save(data, 'in.pkl')
        before = source.read_bytes()
        if anonymizer is not None:
            recognizer = dict(net=tiny_net(action_head(3)))
            overrides['model'] = tiny_model(anonymizer=anonymizer, recognizer=recognizer)
        if weights is None:
            weights = checkpoint(cfg=overrides.get('model'))
        out = tmp_path / 'made' / 'out.pkl'
        done = ran(tool('anonymize', config(source, **overrides), weights, source, out))
        assert f'wrote {len(before and pickle.loads(before)["annotations"])} anonymized' in done.out
        assert source.read_bytes() == before
        assert [p.name for p in out.parent.iterdir()] == ['out.pkl']
        return load_annotations(out)

    return run


def with_gaps(persons=1, dtype=np.float32) -> dict:
    """Annotations of unequal length, with absent frames and persons, and with keys of other tools."""
    data = annotations(frames=20, persons=persons)
    data['meta'] = dict(source='made for a test')
    for index, sample in enumerate(data['annotations']):
        keypoint = sample['keypoint'][:, : 20 - index % 5].astype(dtype)
        keypoint[:, 3:5] = 0
        keypoint[-1, :2] = 0
        sample.update(keypoint=keypoint, total_frames=keypoint.shape[1], setup=index % 3)
    return data


def assert_same_but_for_keypoints(made, data):
    assert list(made) == list(data)
    assert {k: v for k, v in made.items() if k != 'annotations'} == {
        k: v for k, v in data.items() if k != 'annotations'
    }
    for new, old in zip(made['annotations'], data['annotations'], strict=True):
        assert list(new) == list(old)
        assert {k: v for k, v in new.items() if k != 'keypoint'} == {
            k: v for k, v in old.items() if k != 'keypoint'
        }
        assert new['keypoint'].dtype == old['keypoint'].dtype
        assert new['keypoint'].shape == old['keypoint'].shape


def distance(made, data) -> float:
    pairs = zip(made['annotations'], data['annotations'], strict=True)
    return max(
        float(np.abs(new['keypoint'].astype(np.float64) - old['keypoint']).max())
        for new, old in pairs
    )


@pytest.mark.parametrize('dtype', [np.float32, np.float16])
def test_schema_length_and_absent_frames_are_kept(export, dtype):
    data = with_gaps(dtype=dtype)
    made = export(data, weights=None)
    assert_same_but_for_keypoints(made, data)
    for new, old in zip(made['annotations'], data['annotations'], strict=True):
        absent = ~old['keypoint'].any(axis=(2, 3))
        assert absent.any()
        assert not new['keypoint'][absent].any()
        present = ~absent[..., None] & old['keypoint'].any(axis=-1)
        assert new['keypoint'][present].any(axis=-1).all()
    # An anonymizer moves something, and leaves the body where it stands.
    assert 1e-4 < distance(made, data) < 1


@pytest.mark.parametrize('center', ['first_frame', 'every_frame', None])
def test_the_identity_gives_the_input_back(export, center):
    data = with_gaps()
    overrides = {}
    if center != 'first_frame':
        overrides['normalize'] = dict(center=center, rotate=center is not None)
    made = export(data, anonymizer=IDENTITY, **overrides)
    assert_same_but_for_keypoints(made, data)
    assert distance(made, data) < 1e-6


def test_the_identity_gives_half_precision_back_up_to_its_rounding(export):
    data = with_gaps(dtype=np.float16)
    made = export(data, anonymizer=IDENTITY)
    for new, old in zip(made['annotations'], data['annotations'], strict=True):
        step = np.spacing(np.abs(old['keypoint'])).astype(np.float64)
        moved = np.abs(new['keypoint'].astype(np.float64) - old['keypoint'])
        # Exact wherever half precision is coarser than the error of the way there and back.
        assert not moved[step > 4e-6].any()
        assert (moved <= step + 1e-6).all()


def test_two_persons(export):
    data = with_gaps(persons=2)
    anonymizer = dict(type='ResNetAnonymizer', layout=LAYOUT, num_person=2, num_blocks=2)
    assert_same_but_for_keypoints(export(data, anonymizer, weights=None), data)


def test_the_identity_gives_two_persons_back(export):
    data = with_gaps(persons=2)
    made = export(data, dict(IDENTITY, num_person=2))
    assert distance(made, data) < 1e-6
    second = [s['keypoint'][1] for s in made['annotations']]
    assert all(not s[:2].any() and s[5:].any() for s in second)


def test_one_person_for_two(export):
    """An anonymizer of two persons fills the place of a missing one, without adding a ghost to the file."""
    data = with_gaps(persons=1)
    anonymizer = dict(type='ResNetAnonymizer', layout=LAYOUT, num_person=2, num_blocks=2)
    made = export(data, anonymizer, weights=None)
    assert_same_but_for_keypoints(made, data)


def test_empty_second_persons_are_dropped_and_put_back(export):
    data = with_gaps(persons=2)
    for sample in data['annotations']:
        sample['keypoint'][1] = 0
    made = export(data, anonymizer=IDENTITY)
    assert_same_but_for_keypoints(made, data)
    assert distance(made, data) < 1e-6


def test_an_anonymizer_that_sees_the_whole_sequence(export):
    """UNets need padding to a multiple of their stride: the length stays."""
    data = with_gaps()
    unet = dict(type='UNetAnonymizer', layout=LAYOUT, num_person=1, base_channels=4, depth=2)
    assert_same_but_for_keypoints(export(data, unet, weights=None), data)


@pytest.mark.parametrize('kind', ['Smoothing', 'CanonicalBones', 'CanonicalRestPose'])
@pytest.mark.parametrize('persons', [1, 2])
def test_baselines_need_no_checkpoint(export, save, kind, persons):
    data = with_gaps(persons=persons)
    anonymizer = dict(type=f'{kind}Anonymizer', layout=LAYOUT, num_person=persons)
    if kind == 'Smoothing':
        anonymizer['sigma'] = 2.0
    else:
        ann_file = str(save(data, 'population.pkl'))
        anonymizer['population'] = dict(ann_file=ann_file, split='train')
    made = export(data, anonymizer)
    assert_same_but_for_keypoints(made, data)
    for new, old in zip(made['annotations'], data['annotations'], strict=True):
        assert np.array_equal(new['keypoint'].any(-1), old['keypoint'].any(-1))


def test_class_substitution_needs_the_checkpoint_of_its_recognizer_only(export, save, checkpoint):
    data = with_gaps(persons=2)
    net = tiny_net(action_head(3))
    recognizer = dict(net=net, checkpoint=str(checkpoint('recognizer.pth', cfg=dict(net))))
    anonymizer = dict(
        type='ClassSubstitutionAnonymizer',
        recognizer=recognizer,
        population=dict(ann_file=str(save(data, 'population.pkl')), split='train'),
        clip_len=12,
        layout=LAYOUT,
        num_person=2,
    )
    made = export(data, anonymizer)
    assert_same_but_for_keypoints(made, data)
    assert distance(made, data) > 0.1


def test_a_list_of_annotations_stays_a_list(tool, config, save, checkpoint, tmp_path):
    samples = annotations()['annotations']
    source = save(samples)
    ran(tool('anonymize', config(source), checkpoint(), source, 'out.pkl'))
    made = load_annotations(tmp_path / 'out.pkl')
    assert [s['frame_dir'] for s in made] == [s['frame_dir'] for s in samples]


def test_refuses_to_overwrite(tool, config, ann_file, checkpoint, tmp_path):
    (tmp_path / 'out.pkl').write_bytes(b'precious')
    arguments = config(ann_file), checkpoint(), ann_file, 'out.pkl'
    done = tool('anonymize', *arguments)
    assert done.code == 1
    assert done.err.startswith('error: out.pkl exists already') and done.err.count('\n') == 1
    assert (tmp_path / 'out.pkl').read_bytes() == b'precious'
    ran(tool('anonymize', *arguments, '--overwrite'))
    assert load_annotations(tmp_path / 'out.pkl')['split'] == annotations()['split']


def test_the_result_follows_from_the_checkpoint(tool, config, ann_file, checkpoint, tmp_path):
    cfg, model = config(ann_file), checkpoint()
    whole = torch.load(model)['state_dict']
    anonymizer = {
        k.removeprefix('anonymizer.'): v for k, v in whole.items() if k.startswith('anonymizer.')
    }
    torch.save(anonymizer, tmp_path / 'bare.pth')
    for source, out in ((model, 'a.pkl'), (model, 'b.pkl'), (tmp_path / 'bare.pth', 'c.pkl')):
        ran(tool('anonymize', cfg, source, ann_file, out))
    ran(tool('anonymize', cfg, checkpoint('other.pth'), ann_file, 'd.pkl'))
    first, again, bare, other = ((tmp_path / f'{n}.pkl').read_bytes() for n in 'abcd')
    assert first == again == bare
    assert first != other


def stock_recipe(ann_file, folder) -> dict:
    """A recipe that uses nothing of this package."""
    pipeline = [
        dict(type='PreNormalize3D'),
        dict(type='GenSkeFeat', dataset='nturgb+d', feats=['j']),
        dict(type='UniformSampleFrames', clip_len=16),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=2),
        dict(type='PackActionInputs'),
    ]
    graph = dict(layout='nturgb+d', mode='stgcn_spatial')
    return dict(
        default_scope='mmaction',
        work_dir=str(folder),
        model=dict(
            type='RecognizerGCN',
            backbone=dict(type='STGCN', graph_cfg=graph, base_channels=8, num_stages=2),
            cls_head=dict(type='GCNHead', num_classes=3, in_channels=8),
        ),
        train_dataloader=dict(
            batch_size=12,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(
                type='PoseDataset', ann_file=str(ann_file), split='train', pipeline=pipeline
            ),
        ),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
    )


def test_a_stock_recipe_trains_on_the_export(
    tool, config, save, checkpoint, tmp_path, write_config
):
    """NTU skeletons in half precision, as MMAction2 ships them; PoseDataset, PreNormalize3D, RecognizerGCN."""
    data = annotations(joints=25, persons=2)
    for sample in data['annotations']:
        sample['keypoint'] = sample['keypoint'].astype(np.float16)
    source, out = save(data), tmp_path / 'anonymized.pkl'
    ntu = dict(type='ResNetAnonymizer', layout='nturgb+d', num_person=2, num_blocks=1)
    model = dict(type='AdversarialAnonymization', anonymizer=ntu)
    cfg = config(source, model=model, normalize=dict(layout='nturgb+d'))
    ran(tool('anonymize', cfg, checkpoint(cfg=model), source, out))
    recipe = write_config(stock_recipe(out, tmp_path / 'stock'), 'stock.py')
    done = ran(tool('train', recipe))
    assert 'Epoch(train) [1][2/2]' in done.out
    assert (tmp_path / 'stock' / 'epoch_1.pth').exists()
    # MMAction2's own loader, which knows nothing of ours, finds the anonymized coordinates.
    stock = PoseDataset(str(out), pipeline=[], split='test')
    mine = {s['frame_dir']: s['keypoint'] for s in load_annotations(out)['annotations']}
    assert len(stock) == 24
    assert all(np.array_equal(s['keypoint'], mine[s['frame_dir']]) for s in stock)


class TestRecordings:
    """Raw recordings; what is written is tested in tests/test_collection."""

    @pytest.fixture
    def anonymize(self, tool, config, ann_file, tmp_path):
        recognizer = dict(net=tiny_net(action_head(3)))
        cfg = config(ann_file, model=tiny_model(anonymizer=IDENTITY, recognizer=recognizer))
        utd_folder(tmp_path / 'raw', 40)

        def run(*options, target='made', source='raw'):
            return tool('anonymize', cfg, 'none', source, target, *options)

        return run

    def test_a_folder_becomes_a_folder_and_an_archive(self, anonymize, tmp_path):
        done = ran(anonymize())
        assert 'wrote 40 anonymized samples to made' in done.out
        assert list(contents(tmp_path / 'made')) == list(contents(tmp_path / 'raw'))
        ran(anonymize('--release', target='public.zip'))
        assert (tmp_path / 'public.provenance.json').exists()

    def test_shards_are_put_together_by_a_run_without(self, anonymize, tmp_path):
        done = ran(anonymize('--shard', '1/2'))
        assert 'this shard is done; 32 recordings are left to others' in done.out
        done = ran(anonymize('--shard', '0/2'))
        assert 'all shards are done; give the command without --shard' in done.out
        assert not (tmp_path / 'made').exists()
        assert 'wrote 40' in ran(anonymize()).out

    def test_ranks_of_a_launcher_are_shards(self, anonymize, tmp_path, monkeypatch):
        ran(anonymize('--shard', '0/2'))  # as rank 0 does before it waits for the others
        for rank in (1, 0):
            monkeypatch.setenv('RANK', str(rank))
            monkeypatch.setenv('WORLD_SIZE', '2')
            done = ran(anonymize())
            assert ('wrote 40' in done.out) == (rank == 0)
        monkeypatch.setenv('RANK', '1')
        assert 'made is finished already: this process has nothing' in ran(anonymize()).out

    def test_who_was_left_out_is_told(self, anonymize, tmp_path):
        (tmp_path / 'raw' / 'a1_s1_t1_skeleton.mat').write_bytes(b'nothing')
        done = anonymize()
        assert done.code == 1 and 'a1_s1_t1_skeleton.mat' in done.err.splitlines()[-1]
        done = ran(anonymize('--skip-faulty'))
        assert 'wrote 39' in done.out and 'left out: ' in done.out

    def test_a_dry_run_writes_nothing(self, anonymize, tmp_path):
        before = sorted(path.name for path in tmp_path.iterdir())
        done = ran(anonymize('--dry-run'))
        assert 'dry run: 40 samples can be anonymized' in done.out
        assert sorted(path.name for path in tmp_path.iterdir()) == before

    @pytest.mark.parametrize(
        ('options', 'words'),
        [(['--shard', '2/2'], 'expected I/N'), (['--workers', '0'], 'workers must be at least 1')],
    )
    def test_numbers_that_make_no_sense_end_in_one_sentence(self, anonymize, options, words):
        done = anonymize(*options)
        assert done.code in (1, 2) and words in done.err.splitlines()[-1]
