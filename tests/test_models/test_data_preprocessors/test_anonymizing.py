# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy
import itertools
import pickle

import pytest
import torch
from builders import LAYOUT, annotations, batch, tiny_model
from mmengine.config import Config
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.runner import Runner

from mmskanon.io.checkpoints import load_checkpoint
from mmskanon.models import AnonymizingDataPreprocessor
from mmskanon.registry import MODELS

COUNTER = itertools.count()
UNET = dict(type='UNetAnonymizer', layout=LAYOUT, num_person=1, base_channels=4, depth=2)


@pytest.fixture
def trained(tmp_path):
    """A whole model whose BatchNorm statistics are not those of a fresh one, and its checkpoint."""
    init_default_scope('mmskanon')
    torch.manual_seed(0)
    model = MODELS.build(tiny_model(anonymizer=UNET)).train()
    model(torch.stack(batch()['inputs']))
    path = tmp_path / 'model.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=dict()), path)
    return model.eval(), str(path)


def by_hand(model, data) -> torch.Tensor:
    with torch.no_grad():
        return torch.stack([model.anonymizer(clips) for clips in data['inputs']])


@pytest.fixture(autouse=True)
def scopes(monkeypatch):
    """Scopes of stock recipes end with the test."""
    monkeypatch.setattr(DefaultScope, '_instance_dict', DefaultScope._instance_dict.copy())


@pytest.mark.parametrize('training', [True, False])
def test_it_equals_anonymizing_by_hand(trained, training):
    model, checkpoint = trained
    preprocessor = AnonymizingDataPreprocessor(UNET, checkpoint)
    preprocessor.train(training)
    data = batch()
    out = preprocessor(copy.deepcopy(data), training=training)
    assert torch.allclose(out['inputs'], by_hand(model, data), atol=1e-6)
    assert not torch.allclose(out['inputs'], torch.stack(data['inputs']), atol=1e-3)
    assert [s.frame_dir for s in out['data_samples']] == [f's{i}' for i in range(6)]


def test_bare_weights_serve_too(trained, tmp_path):
    model, checkpoint = trained
    bare = str(tmp_path / 'bare.pth')
    torch.save(model.anonymizer.state_dict(), bare)
    data = batch()
    first, second = (
        AnonymizingDataPreprocessor(UNET, path)(copy.deepcopy(data)) for path in (checkpoint, bare)
    )
    assert torch.equal(first['inputs'], second['inputs'])


def test_an_anonymizer_with_weights_needs_a_checkpoint():
    with pytest.raises(ValueError, match='UNetAnonymizer has weights, but no checkpoint is given'):
        AnonymizingDataPreprocessor(UNET)
    with pytest.raises(FileNotFoundError, match='nowhere.pth does not exist'):
        AnonymizingDataPreprocessor(UNET, 'nowhere.pth')
    identity = dict(type='IdentityAnonymizer', layout=LAYOUT, num_person=1)
    data = batch()
    out = AnonymizingDataPreprocessor(identity)(copy.deepcopy(data))
    assert torch.equal(out['inputs'], torch.stack(data['inputs']))


def test_a_checkpoint_of_another_anonymizer_is_refused(trained):
    wider = dict(UNET, base_channels=8)
    with pytest.raises(ValueError, match='anonymizer: checkpoint .*model.pth has .* of shape'):
        AnonymizingDataPreprocessor(wider, trained[1])


def test_it_moves_with_the_recipe_and_stays_in_eval(trained):
    preprocessor = AnonymizingDataPreprocessor(UNET, trained[1])
    parent = torch.nn.ModuleDict(dict(data_preprocessor=preprocessor))
    parent.double().train()
    assert {p.dtype for p in preprocessor.anonymizer.parameters()} == {torch.float64}
    assert not any(m.training for m in preprocessor.anonymizer.modules())
    before = copy.deepcopy(preprocessor.anonymizer.state_dict())
    preprocessor(batch(), training=True)
    after = preprocessor.anonymizer.state_dict()
    assert all(torch.equal(after[k], v) for k, v in before.items())
    assert list(parent.parameters()) == []
    assert list(parent.state_dict()) == []


def stock_recipe(folder, data_preprocessor) -> Config:
    """A recipe of MMAction2 in MMAction2's scope; ``model.data_preprocessor`` is all that is ours."""
    pipeline = [
        dict(type='PreNormalize3D'),
        dict(type='GenSkeFeat', dataset='nturgb+d', feats=['j']),
        dict(type='UniformSampleFrames', clip_len=12),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=1),
        dict(type='PackActionInputs'),
    ]
    (folder / 'data.pkl').write_bytes(pickle.dumps(annotations(joints=25)))
    dataset = dict(type='PoseDataset', ann_file=str(folder / 'data.pkl'), pipeline=pipeline)
    test = dict(
        batch_size=12,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(dataset, split='test', test_mode=True),
    )
    return Config(
        dict(
            default_scope='mmaction',
            work_dir=str(folder / 'stock'),
            experiment_name=f'stock{next(COUNTER)}',
            model=dict(
                type='RecognizerGCN',
                data_preprocessor=data_preprocessor,
                backbone=dict(
                    type='STGCN',
                    graph_cfg=dict(layout='nturgb+d', mode='stgcn_spatial'),
                    base_channels=8,
                    num_stages=2,
                ),
                cls_head=dict(type='GCNHead', num_classes=3, in_channels=8),
            ),
            train_dataloader=dict(
                batch_size=24,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=True),
                dataset=dict(dataset, split='train'),
            ),
            train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, weight_decay=0.1)),
            test_dataloader=test,
            test_cfg=dict(type='TestLoop'),
            test_evaluator=[dict(type='AccMetric')],
            log_level='ERROR',
        )
    )


def test_a_stock_recipe_needs_nothing_but_the_preprocessor(tmp_path):
    """Trains and tests; the anonymizer is not in its optimizer nor in its checkpoints."""
    ntu = dict(UNET, layout='nturgb+d')
    torch.save(MODELS.build(dict(ntu, _scope_='mmskanon')).state_dict(), tmp_path / 'bare.pth')
    ours = dict(
        type='mmskanon.AnonymizingDataPreprocessor',
        anonymizer=ntu,
        checkpoint=str(tmp_path / 'bare.pth'),
    )
    runner = Runner.from_cfg(stock_recipe(tmp_path, ours))
    anonymizer = runner.model.data_preprocessor.anonymizer
    before = copy.deepcopy(anonymizer.state_dict())
    start = copy.deepcopy(runner.model.state_dict())
    runner.train()
    assert all(torch.equal(anonymizer.state_dict()[k], v) for k, v in before.items())
    assert not anonymizer.training
    optimized = {id(p) for g in runner.optim_wrapper.param_groups for p in g['params']}
    assert optimized == {id(p) for p in runner.model.parameters()}
    assert not optimized & {id(p) for p in anonymizer.parameters()}
    saved = load_checkpoint(tmp_path / 'stock' / 'epoch_1.pth')['state_dict']
    plain = Runner.from_cfg(stock_recipe(tmp_path, dict(type='ActionDataPreprocessor')))
    assert saved.keys() == plain.model.state_dict().keys()
    assert any(not torch.equal(v, start[k]) for k, v in saved.items())
    assert 0 <= runner.test()['acc/top1'] <= 1
