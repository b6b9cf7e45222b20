# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from builders import action_head, batch, privacy_head, tiny_model, tiny_net
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope

from mmskanon.models import FrozenRecognizer, FusedRecognizer
from mmskanon.models.recognizers import build_recognizer, fuse_scores
from mmskanon.registry import MODELS

NETS = Path(__file__).resolve().parents[3] / 'configs' / '_base_' / 'nets'


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')


def streams(head=None, **overrides):
    """A joint and a bone net without checkpoints."""
    nets = dict(
        joint=dict(net=tiny_net(head or action_head())),
        bone=dict(net=tiny_net(head or action_head(), features=('b',))),
    )
    return {name: {**net, **overrides} for name, net in nets.items()}


def saved_streams(folder, head):
    """The same with checkpoints whose heads are large, so that the nets disagree."""
    nets = streams(head)
    for name, net in nets.items():
        built = MODELS.build(net['net'])
        built.init_weights()
        torch.nn.init.normal_(built.cls_head.fc.weight)
        net['checkpoint'] = str(folder / f'{name}.pth')
        torch.save(built.state_dict(), net['checkpoint'])
    return nets


def build(**overrides):
    model = MODELS.build(tiny_model(**overrides))
    model.init_weights()
    return model


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@given(st.integers(1, 4), st.integers(1, 5), st.floats(0.01, 50), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_weighted_mean_of_softmax_scores(nets, classes, scale, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(nets, 3, classes)) * scale
    weights = rng.uniform(0.1, 5, size=nets)
    expected = sum(w * softmax(x) for w, x in zip(weights, logits, strict=True)) / weights.sum()
    out = fuse_scores([torch.from_numpy(x) for x in logits], torch.from_numpy(weights))
    np.testing.assert_allclose(out.exp().numpy(), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(out.softmax(-1).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_certain_nets_that_contradict_each_other_give_finite_losses_and_gradients():
    logits = torch.tensor([[[1e4, 0.0]], [[0.0, 1e4]]], requires_grad=True)
    out = fuse_scores(list(logits), torch.tensor([1.0, 3.0]))
    assert torch.allclose(out.exp(), torch.tensor([[0.25, 0.75]]))
    F.cross_entropy(out, torch.tensor([0])).backward()
    assert torch.isfinite(logits.grad).all()
    half = fuse_scores([torch.zeros(1, 2, dtype=torch.bfloat16)], torch.ones(1))
    assert half.dtype == torch.float32


def test_it_is_what_its_nets_say_and_never_learns(tmp_path):
    nets = saved_streams(tmp_path, action_head())
    fused = FusedRecognizer(nets, weights=dict(bone=3.0, joint=1))
    fused.train()
    fused.init_weights()
    assert fused.num_classes == 5 and fused.attribute is None
    assert not any(m.training for m in fused.modules())
    before = {k: v.clone() for k, v in fused.state_dict().items()}
    x = torch.randn(3, 1, 12, 20, 3, requires_grad=True)
    out = fused(x)
    alone = {n: FrozenRecognizer(**cfg)(x).softmax(-1) for n, cfg in nets.items()}
    assert torch.allclose(out.exp(), 0.25 * alone['joint'] + 0.75 * alone['bone'], atol=1e-6)
    assert (alone['joint'] - alone['bone']).abs().max() > 0.1
    F.cross_entropy(out, torch.tensor([0, 1, 2])).backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in fused.parameters())
    assert all(torch.equal(before[k], v) for k, v in fused.state_dict().items())
    assert not [k for k in before if k.endswith('weights')]


def test_gradients_reach_the_input_through_every_net(tmp_path):
    nets = saved_streams(tmp_path, action_head())

    def gradient(weights):
        x = torch.linspace(-1, 1, 720).view(1, 1, 12, 20, 3).clone().requires_grad_()
        fused = FusedRecognizer(nets, weights)
        F.cross_entropy(fused(x), torch.tensor([0])).backward()
        return x.grad

    both = gradient(None)
    for name in nets:
        others = {n: 1e-12 if n == name else 1.0 for n in nets}
        assert (both - gradient(others)).abs().max() > 1e-3 * both.abs().max()


def test_the_two_streams_of_2s_agcn_are_configs():
    cfg = Config.fromfile(NETS / 'aagcn_ntu25.py')
    fused = FusedRecognizer(dict(joint=dict(net=cfg.aagcn), bone=dict(net=cfg.aagcn_bone)))
    # One stream has 3.47 M parameters, both 6.94 M, as tables of the literature count 2s-AGCN.
    assert [sum(p.numel() for p in net.parameters()) for net in fused.nets.values()] == 2 * [
        3_469_520
    ]
    assert [net.net.features.features for net in fused.nets.values()] == [('j',), ('b',)]
    assert fused(torch.randn(1, 2, 8, 25, 3)).shape == (1, 60)
    narrow = Config.fromfile(NETS / 'aagcn_kinect20.py')
    nets = {n: dict(net=narrow[n]) for n in ('aagcn', 'aagcn_joint', 'aagcn_bone')}
    assert FusedRecognizer(nets)(torch.randn(2, 1, 8, 20, 3)).shape == (2, 27)


def test_it_stands_where_a_recognizer_does(tmp_path):
    nets = saved_streams(tmp_path, action_head())
    model = build(recognizer=dict(nets=nets, weights=dict(joint=1.0, bone=2.0)))
    fused = model.recognizer
    before = copy.deepcopy(model.state_dict())
    optim = OptimWrapper(torch.optim.SGD(model.anonymizer.parameters(), lr=0.1))
    logs = model.train().anonymizer_step(batch(), optim)
    assert torch.isfinite(logs['anonymizer/loss_action'])
    after = model.state_dict()
    moved = {k.split('.')[0] for k, v in after.items() if not torch.equal(v, before[k])}
    assert moved == {'anonymizer'}
    data = model.eval().data_preprocessor(batch(n=3))
    expected = fused(model.anonymizer(data['inputs'].flatten(0, 1))).exp()
    for sample, score in zip(model(**data, mode='predict'), expected, strict=True):
        assert torch.allclose(sample.pred_score, score, atol=1e-6)


def test_an_ensemble_without_its_files_takes_weights_from_the_whole_model(tmp_path):
    recognizer = dict(nets=saved_streams(tmp_path, action_head()))
    whole = build(recognizer=copy.deepcopy(recognizer)).state_dict()
    for path in tmp_path.iterdir():
        path.unlink()
    model = build(recognizer=recognizer, load_parties=False)
    model.load_state_dict(whole)
    key = 'recognizer.nets.bone.net.cls_head.fc.weight'
    assert torch.equal(model.state_dict()[key], whole[key])
    assert recognizer['nets']['bone']['checkpoint'].endswith('bone.pth')  # the config is as it was


def test_it_stands_where_an_attacker_does(tmp_path):
    nets = saved_streams(tmp_path, privacy_head())
    model = build(attackers=dict(both=dict(nets=nets))).eval()
    data = model.data_preprocessor(batch(n=3))
    samples = model(**data, mode='predict')
    expected = FusedRecognizer(nets)(model.anonymizer(data['inputs'].flatten(0, 1))).exp()
    for sample, score in zip(samples, expected, strict=True):
        found = sample.pred_private['attacker.both']
        assert (found['attribute'], found['role']) == ('subject', 'attacker')
        assert torch.allclose(found['score'], score, atol=1e-6)
    assert not [k for k in model.state_dict() if 'attacker' in k]


def test_several_adversaries_of_one_attribute_are_an_ensemble_trained_or_frozen():
    adversary = dict(type='AdversaryBank', members={})
    for name, feature in (('joint', 'j'), ('bone', 'b')):
        adversary['members'][name] = dict(net=tiny_net(privacy_head(), features=(feature,)))
    model = build(adversary=adversary)
    before = copy.deepcopy(model.adversary.state_dict())
    optim = OptimWrapper(torch.optim.SGD(model.anonymizer.parameters(), lr=0.1))
    model.anonymizer_step(batch(), optim)  # a loop with this phase alone leaves them frozen
    assert all(torch.equal(v, before[k]) for k, v in model.adversary.state_dict().items())
    optim = OptimWrapper(torch.optim.SGD(model.adversary.parameters(), lr=0.1))
    logs = model.adversary_step(batch(), optim)
    assert {'adversary/loss_joint', 'adversary/loss_bone'} <= set(logs)
    for name in ('joint', 'bone'):
        key = f'nets.{name}.cls_head.fc.weight'
        assert not torch.equal(model.adversary.state_dict()[key], before[key])


def seven():
    return {**streams(), 'bone': dict(net=tiny_net(action_head(7), features=('b',)))}


def gender():
    return {**streams(privacy_head()), 'bone': dict(net=tiny_net(privacy_head('gender')))}


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(nets={}), 'recognizer: nets is empty'),
        (dict(nets=dict(a=dict(checkpoint='x'))), r"net 'a' must be dict\(net=.*\['checkpoint'\]"),
        (dict(nets=streams(weight=2)), r"net 'joint' must be .*\['net', 'weight'\]"),
        (
            dict(nets=streams(), weights=dict(joint=1.0)),
            r"weights are given for \['joint'\], the nets are \['bone', 'joint'\]",
        ),
        (dict(nets=streams(), weights=dict(joint=1, bone=0)), "net 'bone' must be a positive.* 0;"),
        (dict(nets=streams(), weights=dict(joint=1, bone='2')), "net 'bone' must be a .* '2';"),
        (dict(nets=streams(), weights=dict(joint=1, bone=float('nan'))), 'found nan'),
        (dict(nets=seven()), 'differ in number of classes: joint 5, bone 7; set num_classes'),
        (dict(nets=gender()), 'differ in private attribute: joint subject, bone gender; set attri'),
    ],
)
def test_what_does_not_fit_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        FusedRecognizer(**arguments)


def test_a_checkpoint_that_does_not_fit_names_its_net(tmp_path):
    nets = saved_streams(tmp_path, action_head())
    nets['bone']['net'] = tiny_net(action_head(7), features=('b',))
    with pytest.raises(
        ValueError, match="recognizer, net 'bone': checkpoint .*bone.pth has cls_hea"
    ):
        FusedRecognizer(nets)


def test_a_config_is_of_one_kind():
    with pytest.raises(ValueError, match=r"keys nets and weights, found \['checkpoint', 'nets'\]"):
        build_recognizer(dict(nets=streams(), checkpoint='x.pth'))


def test_attackers_without_checkpoint_or_attribute_are_refused(tmp_path):
    nets = saved_streams(tmp_path, privacy_head())
    nets['bone'].pop('checkpoint')
    with pytest.raises(ValueError, match="'x' has no checkpoint.*set nets.bone.checkpoint"):
        build(attackers=dict(x=dict(nets=nets)))
    action = saved_streams(tmp_path, action_head())
    with pytest.raises(ValueError, match="attacker 'x' reads no private attribute"):
        build(attackers=dict(x=action['joint']))
