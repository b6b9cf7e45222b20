# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy

import pytest
import torch
import torch.nn.functional as F
from builders import batch, privacy_head, tiny_model, tiny_net
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import init_default_scope
from torch.optim import SGD

from mmskanon.models.losses import softmax_entropy
from mmskanon.models.outputs import party_outputs
from mmskanon.registry import MODELS


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')
    torch.manual_seed(0)


def build(**overrides):
    model = MODELS.build(tiny_model(**overrides))
    model.train()
    return model


def wrappers(model, lr=0.05):
    return OptimWrapperDict(
        **{
            p: OptimWrapper(SGD(getattr(model, p).parameters(), lr=lr))
            for p in ('anonymizer', 'adversary')
        }
    )


def state(module):
    return {k: v.clone() for k, v in module.state_dict().items()}


def same(before, module):
    return all(torch.equal(v, module.state_dict()[k]) for k, v in before.items())


@pytest.mark.parametrize(
    ('phase', 'opponent'), [('anonymizer', 'adversary'), ('adversary', 'anonymizer')]
)
def test_a_phase_moves_its_party_and_nothing_else(phase, opponent):
    unet = dict(type='UNetAnonymizer', layout='kinect_v1', num_person=1, base_channels=2, depth=2)
    model = build(anonymizer=unet)
    before = {p: state(getattr(model, p)) for p in ('anonymizer', 'adversary', 'recognizer')}
    optim = wrappers(model)
    model.phase_step(phase, batch(), optim)
    assert not same(before[phase], getattr(model, phase))
    # Weights and BatchNorm statistics of everyone else rest.
    assert same(before[opponent], getattr(model, opponent))
    assert same(before['recognizer'], model.recognizer)
    assert all(p.grad is None for p in getattr(model, opponent).parameters())


@pytest.mark.parametrize('phase', ['anonymizer', 'adversary'])
def test_modes_and_flags_are_restored_even_when_the_step_fails(phase, monkeypatch):
    model = build()
    model.adversary.nets['subject'].backbone.data_bn.eval()
    model.adversary.nets['subject'].cls_head.fc.bias.requires_grad_(False)
    flags = {n: (p.requires_grad) for n, p in model.named_parameters()}
    modes = {n: m.training for n, m in model.named_modules()}
    monkeypatch.setattr(model, 'parse_losses', lambda losses: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.phase_step(phase, batch(), wrappers(model))
    assert flags == {n: p.requires_grad for n, p in model.named_parameters()}
    assert modes == {n: m.training for n, m in model.named_modules()}


def test_the_anonymizer_loss_is_the_papers_formula():
    model = build().eval()
    data = model.data_preprocessor(batch())
    losses = model(**data, mode='loss')
    x = data['inputs'].flatten(0, 1)
    y = model.anonymizer(x)
    actions = torch.cat([s.gt_label for s in data['data_samples']])
    entropy = softmax_entropy(model.adversary(y)['subject'])
    assert torch.isclose(losses['loss_action'], F.cross_entropy(model.recognizer(y), actions))
    assert torch.isclose(losses['loss_privacy'], -entropy)
    assert torch.isclose(losses['loss_reconstruction'], 10 * F.mse_loss(y, x))


def test_frozen_weights_do_not_change_the_anonymizers_gradient():
    """Skipping the opponents' weight gradients leaves the anonymizer's untouched."""
    model = build()
    reference = copy.deepcopy(model)
    model.phase_step('anonymizer', batch(), wrappers(model, lr=1.0))
    # The plain computation, with gradients for everyone, opponents in the mode that the step puts them in.
    reference.adversary.eval()
    data = reference.data_preprocessor(batch())
    loss = sum(reference(**data, mode='loss').values())
    loss.backward()
    for (name, p), q in zip(
        model.anonymizer.named_parameters(), reference.anonymizer.parameters(), strict=True
    ):
        assert torch.allclose(p, q - q.grad, atol=1e-6), name


def test_an_adversary_that_can_win_does():
    """On clips whose scale is the subject, trained against an identity anonymizer."""
    model = build(anonymizer=dict(type='IdentityAnonymizer', layout='kinect_v1', num_person=1))
    optim = OptimWrapperDict(
        adversary=OptimWrapper(SGD(model.adversary.parameters(), lr=0.1, momentum=0.9))
    )
    data = batch(n=32)
    for clip, sample in zip(data['inputs'], data['data_samples'], strict=True):
        clip *= 0.5 + 0.5 * sample.gt_private['subject']
    logs = [model.phase_step('adversary', copy.deepcopy(data), optim) for _ in range(40)]
    assert logs[-1]['adversary/acc_subject'] > 0.9
    assert logs[-1]['adversary/chance_subject'] == 0.25


def test_predict_reports_every_party_and_how_far_the_skeletons_moved(tmp_path):
    attacker = MODELS.build(tiny_net(privacy_head()))
    torch.save(attacker.state_dict(), tmp_path / 'a.pth')
    attackers = dict(other=dict(net=tiny_net(privacy_head()), checkpoint=str(tmp_path / 'a.pth')))
    model = build(attackers=attackers)
    model.eval()
    data = model.data_preprocessor(batch(n=4))
    samples = model(**data, mode='predict')
    x = data['inputs']
    y = model(x, mode='tensor')
    assert y.shape == x.shape
    distance = (y - x).norm(dim=-1).double()
    for i, sample in enumerate(samples):
        assert set(sample.pred_private) == {'adversary.subject', 'attacker.other'}
        assert sample.pred_private['attacker.other']['role'] == 'attacker'
        assert abs(sample.pred_private['adversary.subject']['score'].sum() - 1) < 1e-5
        assert sample.pred_score.shape == (5,)
        assert abs(sample.fidelity['sum_dist'] - distance[i].sum().item()) < 1e-3
        assert sample.fidelity['count'] == 16 * 20
    expected = attacker.eval().extract_feat(y, stage='head')[0].softmax(-1)
    assert torch.allclose(
        samples[2].pred_private['attacker.other']['score'], expected[2], atol=1e-6
    )


def test_attackers_stay_out_of_the_checkpoint_and_move_with_the_model(tmp_path):
    torch.save(MODELS.build(tiny_net(privacy_head())).state_dict(), tmp_path / 'a.pth')
    attackers = dict(other=dict(net=tiny_net(privacy_head()), checkpoint=str(tmp_path / 'a.pth')))
    model = build(attackers=attackers)
    assert not [k for k in model.state_dict() if 'attacker' in k]
    assert not [n for n, _ in model.named_parameters() if 'attacker' in n]
    model.double()
    assert next(model.attackers['other'].parameters()).dtype == torch.float64


def test_a_whole_model_checkpoint_needs_no_party_files(tmp_path):
    torch.save(MODELS.build(tiny_net(privacy_head())).state_dict(), tmp_path / 'p.pth')
    adversary = dict(
        type='AdversaryBank',
        members=dict(
            subject=dict(net=tiny_net(privacy_head()), checkpoint=str(tmp_path / 'p.pth'))
        ),
    )
    whole = state(build(adversary=adversary))
    (tmp_path / 'p.pth').unlink()
    with pytest.raises(FileNotFoundError, match='p.pth'):
        build(adversary=copy.deepcopy(adversary))
    model = build(adversary=adversary, load_parties=False)
    model.load_state_dict(whole)
    assert same(whole, model)


def test_train_step_updates_both_parties():
    model = build()
    before = {p: state(getattr(model, p)) for p in ('anonymizer', 'adversary')}
    logs = model.train_step(batch(), wrappers(model))
    assert not same(before['anonymizer'], model.anonymizer)
    assert not same(before['adversary'], model.adversary)
    expected = {
        'anonymizer/loss',
        'anonymizer/action_acc',
        'anonymizer/displacement_mm',
        'anonymizer/motion_ratio',
    }
    assert expected | {
        'adversary/loss',
        'adversary/acc_subject',
        'adversary/chance_subject',
    } <= set(logs)


def test_several_clips_a_sample_are_labelled_each():
    model = build()
    data = batch(n=3)
    data['inputs'] = [torch.cat([x, x]) for x in data['inputs']]
    logs = model.train_step(data, wrappers(model))
    assert torch.isfinite(logs['anonymizer/loss'])
    samples = model.eval()(**model.data_preprocessor(data), mode='predict')
    assert samples[0].fidelity['count'] == 2 * 16 * 20


def test_losses_see_which_clips_are_of_one_recording():
    """Passes over one sample by their name, clips of one sample in any case."""
    data = batch(n=4)
    data['inputs'] = torch.cat([torch.stack(data['inputs'])] * 2, dim=1)
    samples = data['data_samples']
    samples[3].set_metainfo(dict(frame_dir='s1'))
    samples[2].pop('frame_dir')
    outputs = party_outputs(data['inputs'].flatten(0, 1), samples, torch.nn.Identity(), None, None)
    same = outputs.recordings[:, None] == outputs.recordings[None]
    expected = torch.tensor([0, 0, 1, 1, 2, 2, 1, 1])
    assert torch.equal(same, expected[:, None] == expected[None])


@pytest.mark.parametrize(
    ('overrides', 'message'),
    [
        (dict(recognizer=None), "loss 'action' .* needs a recognizer"),
        (dict(adversary=None), "loss 'privacy' .* needs adversaries"),
        (
            dict(attackers=dict(x=dict(net=tiny_net(privacy_head())))),
            "attacker 'x' has no checkpoint",
        ),
    ],
)
def test_missing_parties_are_named(overrides, message):
    with pytest.raises(ValueError, match=message):
        build(**overrides)


def test_an_adversary_that_asks_for_the_action_needs_a_recognizer():
    head = dict(type='ClassConditionalPrivacyHead', attribute='subject', num_classes=4)
    member = dict(net=tiny_net(dict(head, num_actions=5)))
    bank = dict(
        type='AdversaryBank', members=dict(one=dict(net=tiny_net(privacy_head())), b=member)
    )
    losses = dict(privacy=dict(type='PrivacyEntropy'))
    message = "adversary 'b' has a ClassConditionalPrivacyHead, .* add model.recognizer"
    with pytest.raises(ValueError, match=message):
        build(recognizer=None, adversary=bank, losses=losses)
    assert build(adversary=bank).adversary.needs_actions


def test_an_unknown_mode_is_refused():
    model = build()
    with pytest.raises(ValueError, match="found 'train'"):
        model(torch.zeros(1, 1, 1, 8, 20, 3), mode='train')


def test_an_encoder_that_would_stay_random_is_refused():
    frozen = dict(
        type='AutoencoderAnonymizer', layout='kinect_v1', num_person=1, freeze_encoder=True
    )
    with pytest.raises(ValueError, match='freeze_encoder=True, but model.anonymizer_checkpoint'):
        build(anonymizer=frozen)
    assert build(anonymizer=frozen, load_parties=False).anonymizer is not None
