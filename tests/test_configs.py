# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Every shipped config: its name tells what it is, and it builds; one of each family trains and tests on a few made-up clips.

Configs are found by themselves: a new one is covered as soon as it is there. Trained are those of UTD-MHAD and synthetic data, and
of the large data sets those of one split with networks an eighth as wide. Where several anonymizers meet several networks, each
anonymizer is trained against one network and each network against one anonymizer.
"""

import itertools
import pickle
import re
import shutil
from pathlib import Path

import pytest
import torch
from builders import annotations
from mmengine.config import Config
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import mmskanon
from mmskanon.models.recognizers import with_head
from mmskanon.registry import METRICS, MODELS
from mmskanon.skeletons.layouts import get_layout
from mmskanon.utils import adapt_to_cpu, check_optimizers, read_config, skip_party_checkpoints

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
# Those of the audit are no recipes; tests/test_audit/test_budgets.py builds them.
LEAVES = sorted(
    p for p in CONFIGS.rglob('*.py') if not {'_base_', 'audit'} & set(p.relative_to(CONFIGS).parts)
)
NAME = re.compile(
    r'(?P<method>[a-z]+)(-\d+)?(_[a-z0-9.-]+)+?'
    r'(_(?P<gpus>\d+)xb(?P<batch>\d+)-(?P<epochs>\d+)e)?'
    r'_(?P<data>[a-z0-9]+(-[a-z0-9]+)*)-(?P<layout>[a-z]+)(?P<joints>\d+)'
)
UNTRAINED = ('baseline', 'centred', 'ksame', 'timing')
COUNTER = itertools.count()
SUBJECTS, FRAMES = 8, 16
LARGE = ('ntu60', 'ntu120', 'etri')
COMBINED = re.compile(r'adversarial_(resnet|autoencoder)_(msg3d|2s-agcn|aagcn|stgcnpp|shiftgcn)_.*')
STANDS_FOR_ALL = re.compile(r'adversarial_\w+_shiftgcn_.*_ntu60-xview-ntu25')
# Families that only one data set has.
ONLY_THERE = re.compile(
    r'(ksame|centred)-.*|adversarial_\w+-(ensemble|age).*|(adversarial|pretrain)_lstm_.*|age_.*'
)
FAMILIES = [
    p
    for p in LEAVES
    if (p.parent.name not in LARGE or 'ntu60-xview' in p.stem or ONLY_THERE.match(p.stem))
    and (not COMBINED.fullmatch(p.stem) or STANDS_FOR_ALL.fullmatch(p.stem))
]


def each(paths):
    ids = [p.relative_to(CONFIGS).with_suffix('').as_posix() for p in paths]
    return pytest.mark.parametrize('path', paths, ids=ids)


every = each(LEAVES)


def narrow(cfg, seen=None) -> None:
    """Make the networks of a config an eighth as wide, wherever in it they are; parties may share one."""
    seen = set() if seen is None else seen
    if isinstance(cfg, dict) and id(cfg) not in seen:
        seen.add(id(cfg))
        backbone = cfg.get('backbone')
        if backbone is not None:
            width = backbone.get('base_channels', 96 if backbone.type == 'MSG3D' else 64)
            backbone.base_channels = width // 8
            cfg.cls_head.in_channels //= 8
        if cfg.get('type') == 'UNetAnonymizer':
            cfg.base_channels = 8
        for value in cfg.values():
            narrow(value, seen)


def datasets(cfg) -> dict:
    return {part: cfg[f'{part}_dataloader'].dataset for part in ('train', 'val', 'test')}


def step(dataset, kind) -> dict:
    return next(s for s in dataset.pipeline if s['type'] == kind)


def persons_of(dataset) -> int:
    """Persons of the input, without those of a target."""
    targets = any(s['type'] == 'LoadTarget' for s in dataset.pipeline)
    return step(dataset, 'FormatGCNInput').num_person // (2 if targets else 1)


def test_there_are_configs_to_test():
    assert len(LEAVES) >= 6
    assert {p.parent.name for p in LEAVES} >= {'utd_mhad', 'synthetic'}


@every
def test_the_name_tells_method_batch_epochs_data_and_layout(path):
    match = NAME.fullmatch(path.stem)
    assert match, f'{path.stem} is not METHOD_PARTS_GPUSxbBATCH-EPOCHSe_DATA-SPLIT-LAYOUT'
    cfg = Config.fromfile(path)
    assert match['data'].startswith(path.parent.name.replace('_', '-') + '-')
    for dataset in datasets(cfg).values():
        assert get_layout(dataset.layout).num_joints == int(match['joints'])
    assert (match['epochs'] is None) == (match['method'] in UNTRAINED)
    if match['epochs'] is not None:
        assert cfg.train_cfg.max_epochs == int(match['epochs'])
        assert cfg.train_dataloader.batch_size == int(match['batch'])
        # What --auto-scale-lr goes by.
        everything = int(match['gpus']) * int(match['batch'])
        assert cfg.auto_scale_lr.base_batch_size == everything
        # The last epoch is saved and validated, since later steps start from it.
        for interval in (cfg.default_hooks.checkpoint.interval, cfg.train_cfg.val_interval):
            assert cfg.train_cfg.max_epochs % interval == 0


def sampling(dataset):
    """Length of a clip, and whether it is drawn at random."""
    for kind, key in (('UniformSampleFrames', 'clip_len'), ('PadTo', 'length')):
        for found in (s for s in dataset.pipeline if s['type'] == kind):
            return found, key
    raise AssertionError('the pipeline gives clips no common length')


@every
def test_the_parts_agree_on_layout_persons_and_data(path):
    cfg = Config.fromfile(path)
    parts = datasets(cfg)
    assert cfg.default_scope == 'mmskanon'
    assert len({d.ann_file for d in parts.values()}) == 1
    split = parts['train'].split
    assert (split if isinstance(split, str) else split.part).endswith('train')
    assert parts['test'].split != parts['train'].split
    if cfg.model.get('predict_skeletons'):  # validated on what is kept of the training part
        (metric,) = cfg.val_evaluator
        assert metric.learn == parts['train'].split and metric.tried.part == 'val'
        assert parts['val'].split == metric.tried.of == metric.learn.of
    else:
        assert parts['val'].split == parts['test'].split
        known = (split, split if isinstance(split, str) else split.get('of'))
        assert parts['test'].train_split == parts['val'].train_split in known
    for name, dataset in parts.items():
        assert step(dataset, 'NormalizeSkeleton') == step(parts['train'], 'NormalizeSkeleton')
        clip, key = sampling(dataset)
        assert clip[key] == sampling(parts['train'])[0][key]
        if clip['type'] == 'UniformSampleFrames':
            assert bool(clip.get('test_mode')) == (name != 'train')
        assert bool(dataset.get('test_mode')) == (name != 'train')
    persons = {persons_of(d) for d in parts.values()}
    assert len(persons) == 1
    if 'anonymizer' in cfg.model:
        assert {cfg.model.anonymizer.get('num_person', 2)} == persons
        assert cfg.model.anonymizer.get('layout', 'nturgb+d') == parts['train'].layout


@each([p for p in LEAVES if p not in FAMILIES])
def test_it_builds_for_its_classes_and_persons(path):
    init_default_scope('mmskanon')
    cfg = read_config(str(path))
    if path.parent.name in LARGE:
        narrow(cfg.model)
    skip_party_checkpoints(cfg)
    cfg.model.pop('attackers', None)
    model = MODELS.build(cfg.model)
    for metric in [*cfg.val_evaluator, *cfg.test_evaluator]:
        METRICS.build(metric)
    actions, attribute, classes = dict(
        ntu60=(60, 'subject', 40),
        ntu120=(120, 'subject', 106),
        etri=(55, 'gender', 2),
        utd_mhad=(27, 'subject', 8),
    )[path.parent.name]
    data = cfg.train_dataloader.dataset
    persons = step(data, 'FormatGCNInput').num_person
    clips = torch.randn(2, 1, persons, FRAMES, get_layout(data.layout).num_joints, 3)
    method = path.stem.split('_')[0]
    if method in ('action', 'age', attribute):
        model.eval()
        outputs, _ = model.extract_feat(clips, stage='head')
        assert outputs.shape == (2, dict(action=actions, age=1).get(method, classes))
        return
    model.eval()
    moved = model(clips)
    assert moved.shape == clips.shape
    if method == 'adversarial':
        assert model.recognizer(clips[:, 0]).shape == (2, actions)
        heads = [model.adversary.head(n) for n in model.adversary.names]
        ages = {('age', 1)} if '-age_' in path.stem else set()
        assert {(h.attribute, h.num_classes) for h in heads} == {(attribute, classes)} | ages


@pytest.fixture
def dry(tmp_path):
    """A config on short made-up clips in small batches for one epoch, attackers with fresh weights, the rest as it is."""

    def write_attackers(cfg):
        for name, attacker in (cfg.model.get('attackers') or {}).items():
            for stream, part in attacker.get('nets', {'': attacker}).items():
                net = MODELS.build(with_head(part['net'], part.get('head')))
                part.checkpoint = str(tmp_path / f'{name}{stream}.pth')
                torch.save(net.state_dict(), part.checkpoint)

    def write_recognizer(recognizer, classes):
        """The made-up clips show fewer actions than the data set."""
        recognizer.head = dict(num_classes=classes)
        recognizer.checkpoint = str(tmp_path / 'recognizer.pth')
        net = MODELS.build(with_head(recognizer['net'], recognizer.head))
        torch.save(net.state_dict(), recognizer.checkpoint)

    def run(path) -> Config:
        init_default_scope('mmskanon')
        cfg = read_config(str(path))
        parts = datasets(cfg)
        persons = persons_of(parts['train'])
        joints = get_layout(parts['train'].layout).num_joints
        shape = dict(trials=2, frames=20, joints=joints, persons=persons)
        # Noise, so that no clip passes for another.
        data = annotations(SUBJECTS, 1, noise=0.1, **shape)
        for sample in data['annotations']:
            sample['gender'] = 'fm'[sample['subject'] % 2]
            sample['age'] = 20 + 5 * sample['subject']
        (tmp_path / 'data.pkl').write_bytes(pickle.dumps(data))
        for name, dataset in parts.items():
            dataset.ann_file = str(tmp_path / 'data.pkl')
            dataset.split = 'train' if name == 'train' else 'test'
            dataset.train_split = 'train'
            clip, key = sampling(dataset)
            clip[key] = 24 if clip['type'] == 'PadTo' else FRAMES
            dataset.pop('repeat', None)
            for target in (s for s in dataset.pipeline if s['type'] == 'LoadTarget'):
                target.ann_files = [dataset.ann_file]
            loader = dict(batch_size=4, num_workers=0, persistent_workers=False)
            if 'batch_sampler' in cfg[f'{name}_dataloader']:  # there is one action
                cfg[f'{name}_dataloader'].batch_sampler.num_classes = 1
            cfg[f'{name}_dataloader'].update(loader)
        if path.parent.name in LARGE:
            narrow(cfg.model)
        write_attackers(cfg)
        # What an anonymizer looks at when it is built: clips of a population, and a recognizer.
        anonymizer = cfg.model.get('anonymizer', {})
        if 'population' in anonymizer:
            anonymizer.population.ann_file = str(tmp_path / 'data.pkl')
            split = anonymizer.population.split
            assert str(split).endswith('train') or (split.part, split.of) == ('train', 'train')
            anonymizer.population.split = 'train'
        for metric in (m for m in cfg.val_evaluator if m.type == 'FreshAttacker'):
            metric.update(ann_file=str(tmp_path / 'data.pkl'), learn='train', tried='test')
        if 'collection' in anonymizer:
            anonymizer.collection.ann_file = str(tmp_path / 'data.pkl')
            anonymizer.collection.pop('split', None)  # of which the made-up data have one trial
        if 'codes' in anonymizer:  # the made-up clips have one timing
            anonymizer.codes = 1
        if 'recognizer' in anonymizer:
            write_recognizer(anonymizer.recognizer, classes=1)
        skip_party_checkpoints(cfg)
        adapt_to_cpu(cfg, 'none')
        cfg.update(
            work_dir=str(tmp_path / 'work'),
            experiment_name=f'config{next(COUNTER)}',
            load_from=None,
            log_level='ERROR',
        )
        cfg.train_cfg.update(
            max_epochs=1, val_begin=2
        )  # what validates is built, testing runs the same
        cfg.default_hooks.checkpoint.interval = -1
        return cfg

    return run


@each(FAMILIES)
def test_it_trains_and_tests(path, dry, monkeypatch):
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    cfg = dry(path)
    check_optimizers(cfg.optim_wrapper)
    runner = Runner.from_cfg(cfg)
    if path.stem.startswith(UNTRAINED):
        with pytest.raises(ValueError, match='has no trainable weights'):
            runner.train()
    else:
        weights = {k: v.clone() for k, v in runner.model.state_dict().items()}
        runner.train()
        assert runner.val_loop.evaluator.metrics
        assert runner.iter == SUBJECTS // 4
        assert any(not torch.equal(v, weights[k]) for k, v in runner.model.state_dict().items())
        if isinstance(runner.optim_wrapper, OptimWrapperDict):
            parties = {p for p in runner.model.parties if getattr(runner.model, p) is not None}
            if runner.train_loop.schedule.phases == {'anonymizer'}:  # adversaries at rest
                trained = set(runner.model.anonymizer.state_dict(prefix='anonymizer.'))
                moved = {k for k, v in runner.model.state_dict().items() if not v.equal(weights[k])}
                assert moved <= trained
            else:
                assert runner.train_loop.schedule.phases == parties
            assert set(runner.optim_wrapper.keys()) == parties
    metrics = runner.test()
    assert metrics and all(torch.isfinite(torch.tensor(float(v))) for v in metrics.values())
    readers = [f'attacker.{name}' for name in cfg.model.get('attackers') or {}]
    for reader in readers:
        assert f'privacy/{reader}/top1' in metrics
    for attribute in cfg.test_dataloader.dataset.get('attributes', ()) if readers else ():
        assert f'privacy/strongest/{attribute}' in metrics and f'area/{attribute}' in metrics


@each([p for p in LEAVES if 'adversarial_unet_shiftgcn' in p.stem and p.parent.name in LARGE])
def test_the_adversarys_spatial_weights_decay_as_published(path):
    """1e-3 for those of Shift-GCN, nothing for its masks, 1e-4 for all else (main.py of the paper's release)."""
    init_default_scope('mmskanon')
    cfg = read_config(str(path))
    narrow(cfg.model)
    skip_party_checkpoints(cfg)
    cfg.model.pop('attackers')
    model = MODELS.build(cfg.model)
    wrappers = build_optim_wrapper(model, cfg.optim_wrapper)
    groups = wrappers['adversary'].param_groups
    decay_of = {p: group['weight_decay'] for group in groups for p in group['params']}
    decays = {name: decay_of[p] for name, p in model.adversary.named_parameters()}
    assert sum('linear_weight' in name for name in decays) == 10
    for name, decay in decays.items():
        expected = 1e-3 if 'linear_weight' in name else 0 if 'feature_mask' in name else 1e-4
        assert decay == pytest.approx(expected), name


@pytest.mark.parametrize('base', ['_base_/runtime.py', '_base_/recipes/stgcn.py'])
def test_configs_can_be_inherited_from_outside_the_checkout(base, tmp_path, monkeypatch):
    shipped = Path(mmskanon.__file__).parent / '.mim' / 'configs'
    if not shipped.is_dir():
        pytest.skip('needs an installed mmskanon: a bare checkout has no mmskanon/.mim')
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'mine.py').write_text(f"_base_ = 'mmskanon::{base}'\nmine = 1")
    cfg = Config.fromfile('mine.py')
    assert cfg.mine == 1
    theirs = Config.fromfile(shipped / base)
    assert {k: v for k, v in cfg.to_dict().items() if k != 'mine'}.keys() == theirs.to_dict().keys()


def values_of(settings, key):
    """Every value that stands under a key, at any depth; not in a net whose head is replaced."""
    if isinstance(settings, dict):
        if 'head' in settings:
            settings = {name: value for name, value in settings.items() if name != 'net'}
        for name, value in settings.items():
            if name == key:
                yield value
            yield from values_of(value, key)
    elif isinstance(settings, list):
        for value in settings:
            yield from values_of(value, key)


def copied(folder, family, **first_lines) -> Path:
    """A copy of the configs of a family as docs/own_data.md makes it, with other first lines."""
    for part in ('_base_', family):
        shutil.copytree(CONFIGS / part, folder / part)
    data = folder / '_base_' / 'datasets' / f'{family}.py'
    text = data.read_text()
    for names, value in first_lines.items():
        line = f'{names.replace("__", ", ")} = '
        text, count = re.subn(f'^{line}.*$', f'{line}{value!r}', text, flags=re.M)
        assert count == 1, line
    data.write_text(text)
    return folder / family


PARTS = [dict(by='trial', values=[1, 3]), dict(by='trial', values=[2], exclude=True)]


@pytest.mark.parametrize(
    ('family', 'layout', 'others'),
    [
        ('utd_mhad', ('nturgb+d', 25), dict(layout__num_joints=('nturgb+d', 25), num_person=3)),
        ('synthetic', ('kinect_v1', 20), dict(layout='kinect_v1', num_person=3)),
    ],
)
def test_the_first_lines_of_a_copy_are_all_that_another_data_set_changes(
    family, layout, others, tmp_path
):
    """docs/own_data.md: file, splits, class counts, layout and persons of every config with ST-GCN follow."""
    if family == 'utd_mhad':
        others['targets'] = ['mine.pkl']
    configs = copied(
        tmp_path,
        family,
        data_file='mine.pkl',
        train_split__test_split=PARTS,
        num_actions__num_subjects=(33, 44),
        **others,
    )
    for net in (tmp_path / '_base_' / 'nets').glob('*_kinect20.py'):
        net.write_text(net.read_text().replace('kinect_v1', layout[0]))
    held = [dict(rule='holdout', part=part, of=PARTS[0]) for part in ('train', 'val')]
    skipped = ('shiftgcn', 'msg3d', 'aagcn', 'gender')
    for path in sorted(configs.glob('*.py')):
        if any(word in path.name for word in skipped):
            continue
        cfg = read_config(path).to_dict()
        model = cfg['model']
        used = dict(model=model, val=cfg['val_evaluator'], test=cfg['test_evaluator'])
        assert set(values_of(used, 'ann_file')) <= {'mine.pkl'}, path.name
        assert all(split in PARTS + held for split in values_of(used, 'split')), path.name
        assert set(values_of(used, 'num_classes')) <= {33, 44}, path.name
        graphs = list(values_of(used, 'layout'))
        assert graphs and set(graphs) == {layout[0]}, path.name
        assert set(values_of(used, 'num_joints')) <= {layout[1]}, path.name
        assert set(values_of(used, 'num_person')) <= {3}, path.name
        student = '_student_' in path.name
        stopped = path.name.startswith('adversarial_student')
        for part, split in dict(
            train=held[0] if student else PARTS[0],
            val=PARTS[0] if stopped else PARTS[1],
            test=PARTS[1],
        ).items():
            dataset = cfg[f'{part}_dataloader']['dataset']
            assert (dataset['ann_file'], dataset['split']) == ('mine.pkl', split), path.name
            assert set(values_of(dataset, 'layout')) == {layout[0]}, path.name
            rows = {3, 6} if student and part == 'train' else {3}
            assert set(values_of(dataset, 'num_person')) == rows, path.name
            assert all(files == ['mine.pkl'] for files in values_of(dataset, 'ann_files')), (
                path.name
            )


@pytest.mark.parametrize(
    ('family', 'method'),
    [
        *(('utd_mhad', m) for m in ('action_stgcn', 'adversarial_unet_stgcn', 'pretrain_student')),
        ('synthetic', 'adversarial_unet_stgcn'),
    ],
)
def test_two_persons_of_20_joints_train_with_other_first_lines_and_epochs(
    family, method, tmp_path, monkeypatch
):
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    init_default_scope('mmskanon')
    file = str(tmp_path / 'mine.pkl')
    data = annotations(SUBJECTS, 3, trials=3, frames=20, persons=2, noise=0.1)
    for sample in data['annotations'][::2]:
        sample['keypoint'] = sample['keypoint'][:1]  # some show one person
    Path(file).write_bytes(pickle.dumps(data))
    layout = (
        dict(targets=[file], layout__num_joints=('kinect_v1', 20))
        if family == 'utd_mhad'
        else dict(layout='kinect_v1')
    )
    configs = copied(
        tmp_path,
        family,
        data_file=file,
        train_split__test_split=PARTS,
        num_actions__num_subjects=(3, SUBJECTS),
        num_person=2,
        clip_len=16,
        **layout,
    )
    (path,) = configs.glob(f'{method}_*.py')
    rate = 'param_scheduler.0'
    if family == 'utd_mhad' and method != 'action_stgcn':
        rate = 'param_scheduler.anonymizer.0'
    shorter = {'train_cfg.max_epochs': 1, f'{rate}.T_max': 1, f'{rate}.end': 1}
    cfg = read_config(path, shorter)
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(batch_size=12, num_workers=0, persistent_workers=False)
        loader.dataset.pop('repeat', None)
    # Neither checkpoints of other configs nor attackers that wait for them.
    skip_party_checkpoints(cfg)
    cfg.model.pop('attackers', None)
    adapt_to_cpu(cfg, 'none')
    cfg.update(
        work_dir=str(tmp_path / 'work'), experiment_name=f'config{next(COUNTER)}', log_level='ERROR'
    )
    cfg.train_cfg.val_begin = 2
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter >= 2
    assert (tmp_path / 'work' / 'epoch_1.pth').exists()
    clips = next(iter(runner.train_dataloader))['inputs']
    assert clips[0].shape[1:] == (2, 16, 20, 3)
    metrics = runner.test()
    assert metrics and all(torch.isfinite(torch.tensor(float(v))) for v in metrics.values())
