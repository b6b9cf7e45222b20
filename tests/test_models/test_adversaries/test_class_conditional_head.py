# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
from builders import batch, tiny_model, tiny_net
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import init_default_scope
from torch.optim import Adam

from mmskanon.models import AdversaryBank, ClassConditionalPrivacyHead
from mmskanon.registry import MODELS


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')
    torch.manual_seed(0)


def head_cfg():
    return dict(
        type='ClassConditionalPrivacyHead', attribute='subject', num_classes=4, num_actions=5
    )


def test_each_action_has_a_classifier_of_its_own():
    head = ClassConditionalPrivacyHead('subject', num_classes=3, num_actions=4, in_channels=8)
    outputs = head(torch.randn(5, 1, 8, 6, 20))
    actions = torch.tensor([3, 0, 0, 2, 1])
    chosen = head.condition(outputs, actions)
    for row, action in enumerate(actions.tolist()):
        assert torch.equal(chosen[row], outputs[row, 3 * action : 3 * action + 3])
    assert head.num_classes == 3


def test_what_differs_by_action_is_learned():
    """The sign by which a person shows is another in each action: no single linear boundary tells it."""
    head = ClassConditionalPrivacyHead('subject', num_classes=2, num_actions=2, in_channels=4)
    people, actions = torch.arange(64) % 2, torch.arange(64) // 2 % 2
    feats = torch.zeros(64, 1, 4, 1, 1)
    feats[:, 0, 0, 0, 0] = (2.0 * people - 1) * (2.0 * actions - 1)
    optimizer = Adam(head.parameters(), lr=0.1)
    for _ in range(40):
        logits = head.condition(head(feats), actions)
        optimizer.zero_grad()
        head.criterion(logits, people).backward()
        optimizer.step()
    assert head.progress(head.condition(head(feats), actions), people)['acc'] == 1
    swapped = head.progress(head.condition(head(feats), 1 - actions), people)['acc']
    assert swapped == 0


def test_missing_or_strange_actions_are_named():
    head = ClassConditionalPrivacyHead('subject', num_classes=3, num_actions=4, in_channels=8)
    with pytest.raises(ValueError, match="of 'subject' needs the action of every clip"):
        head.condition(torch.zeros(2, 12), None)
    with pytest.raises(ValueError, match='built for 4 actions, found the label 4'):
        head.condition(torch.zeros(2, 12), torch.tensor([0, 4]))


def test_both_phases_and_prediction_give_it_the_action():
    model = MODELS.build(
        tiny_model(
            adversary=dict(
                type='AdversaryBank',
                members=dict(
                    subject=dict(net=tiny_net(head_cfg())),
                    plain=dict(
                        net=tiny_net(dict(type='PrivacyHead', attribute='subject', num_classes=4))
                    ),
                ),
            )
        )
    ).train()
    wrapper = OptimWrapperDict(
        **{
            p: OptimWrapper(Adam(getattr(model, p).parameters(), lr=1e-3))
            for p in ('anonymizer', 'adversary')
        }
    )
    logs = model.train_step(batch(), wrapper)
    assert {'adversary/acc_subject', 'anonymizer/loss_privacy'} <= set(logs)
    data = model.data_preprocessor(batch())
    predictions = model.eval().predict(**data)
    assert predictions[0].pred_private['adversary.subject']['score'].shape == (4,)
    # The action is the recognizer's, not the label's.
    said = torch.cat([s.pred_label for s in predictions])
    expected = model.adversary(model.anonymizer(data['inputs'].flatten(0, 1)), said)['subject']
    found = torch.stack([s.pred_private['adversary.subject']['score'] for s in predictions])
    assert torch.allclose(found, expected.softmax(-1), atol=1e-6)


def test_restart_forgets_one_member_and_keeps_its_parameters():
    bank = AdversaryBank(dict(a=dict(net=tiny_net(head_cfg())), b=dict(net=tiny_net(head_cfg()))))
    before = {n: p.detach().clone() for n, p in bank.named_parameters()}
    kept = dict(bank.named_parameters())
    with torch.no_grad():
        for p in bank.parameters():
            p.add_(1.0)
    returned = bank.restart('a')
    assert {id(p) for p in returned} == {id(p) for n, p in kept.items() if n.startswith('nets.a')}
    for name, parameter in bank.named_parameters():
        assert parameter is kept[name]
        if name.startswith('nets.b'):
            assert torch.allclose(parameter, before[name] + 1)
    moved = [n for n, p in kept.items() if n.startswith('nets.a') and p.ndim > 1]
    assert all(not torch.allclose(kept[n], before[n] + 1) for n in moved)
