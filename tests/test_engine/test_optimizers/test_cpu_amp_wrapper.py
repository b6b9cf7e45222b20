# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy

import pytest
import torch
from builders import batch, tiny_model
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import init_default_scope

from mmskanon.engine import CPUAmpOptimWrapper
from mmskanon.engine.optimizers import cpu_amp_wrapper, enable_amp
from mmskanon.registry import MODELS

PARTIES = dict(
    constructor='PartyOptimWrapperConstructor',
    anonymizer=dict(optimizer=dict(type='SGD', lr=0.1)),
    adversary=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1)),
)


@pytest.fixture
def with_bfloat16(monkeypatch):
    monkeypatch.setattr(cpu_amp_wrapper, 'cpu_has_bfloat16', lambda: True)
    monkeypatch.setattr(cpu_amp_wrapper, 'get_device', lambda: 'cpu')


def test_amp_sets_every_wrapper(with_bfloat16, monkeypatch):
    cfg = copy.deepcopy(PARTIES)
    assert 'bfloat16' in enable_amp(cfg)
    assert {cfg['anonymizer']['type'], cfg['adversary']['type']} == {'CPUAmpOptimWrapper'}
    single = dict(optimizer=dict(type='SGD', lr=0.1))
    enable_amp(single)
    assert single['type'] == 'CPUAmpOptimWrapper'
    monkeypatch.setattr(cpu_amp_wrapper, 'get_device', lambda: 'cuda')
    cfg = copy.deepcopy(PARTIES)
    enable_amp(cfg)
    assert {cfg['anonymizer']['type'], cfg['adversary']['type']} == {'AmpOptimWrapper'}


def test_amp_fails_rather_than_leave_a_wrapper_out(with_bfloat16):
    cfg = copy.deepcopy(PARTIES)
    cfg['adversary']['type'] = 'ApexOptimWrapper'
    with pytest.raises(ValueError, match=r"optim_wrapper.adversary.type is 'ApexOptimWrapper'"):
        enable_amp(cfg)
    assert 'type' not in cfg['anonymizer']


def test_loss_scaling_is_refused_where_shifts_learn_by_sign(with_bfloat16, monkeypatch):
    net = dict(type='SkeletonRecognizer', backbone=dict(type='mmskanon.ShiftGCN'))
    bank = dict(members=dict(a=dict(net=net)))
    for model in (net, dict(adversary=bank), dict(adversary=dict(nets=[net]))):
        assert 'CPUAmpOptimWrapper' in enable_amp(copy.deepcopy(PARTIES), model)
    monkeypatch.setattr(cpu_amp_wrapper, 'get_device', lambda: 'cuda')
    for model in (net, dict(adversary=bank), dict(adversary=dict(nets=[net]))):
        cfg = copy.deepcopy(PARTIES)
        with pytest.raises(ValueError, match="ShiftGCN with shift_rule='sign' is to be trained"):
            enable_amp(cfg, model)
        assert cfg == PARTIES
    net['backbone']['shift_rule'] = 'gradient'
    enable_amp(copy.deepcopy(PARTIES), dict(adversary=bank))
    net['backbone'].pop('shift_rule')
    enable_amp(copy.deepcopy(PARTIES), dict(recognizer=dict(net=net), attackers=dict(a=net)))


def test_without_bfloat16_it_falls_back_in_one_line(monkeypatch):
    monkeypatch.setattr(cpu_amp_wrapper, 'cpu_has_bfloat16', lambda: False)
    monkeypatch.setattr(cpu_amp_wrapper, 'get_device', lambda: 'cpu')
    cfg = copy.deepcopy(PARTIES)
    assert enable_amp(cfg).count('\n') == 0
    assert cfg == PARTIES


def test_a_bfloat16_step_is_close_to_a_float32_step():
    init_default_scope('mmskanon')
    torch.manual_seed(0)
    model = MODELS.build(tiny_model())
    model.train()
    start = {k: v.clone() for k, v in model.state_dict().items()}
    moves = {}
    for wrapper in (OptimWrapper, CPUAmpOptimWrapper):
        model.load_state_dict(start)
        optim = OptimWrapperDict(
            **{
                p: wrapper(optimizer=torch.optim.SGD(getattr(model, p).parameters(), lr=0.1))
                for p in model.parties
            }
        )
        logs = model.train_step(batch(), optim)
        assert torch.isfinite(logs['anonymizer/loss'])
        moves[wrapper] = torch.cat([(v - start[k]).flatten() for k, v in model.named_parameters()])
    assert all(p.dtype == torch.float32 for p in model.parameters())
    full, mixed = moves[OptimWrapper], moves[CPUAmpOptimWrapper]
    assert not torch.equal(full, mixed)
    assert torch.cosine_similarity(full, mixed, dim=0) > 0.99
