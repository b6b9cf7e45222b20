# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmskanon.models.losses import (
    ActionCrossEntropy,
    PartyOutputs,
    PrivacyEntropy,
    PrivacyNegatedCrossEntropy,
    PrivacyUniformKL,
    ReconstructionMSE,
    softmax_entropy,
    uniform_kl,
)


@pytest.fixture
def outputs():
    torch.manual_seed(0)
    names = ['a1', 'a2', 'b']
    return PartyOutputs(
        original=torch.randn(6, 1, 8, 20, 3),
        anonymized=torch.randn(6, 1, 8, 20, 3),
        action_logits=torch.randn(6, 5),
        action_labels=torch.randint(5, (6,)),
        privacy_logits={n: torch.randn(6, 4) for n in names},
        privacy_labels={n: torch.randint(4, (6,)) for n in names},
        attributes=dict(a1='subject', a2='subject', b='gender'),
    )


def test_action_and_reconstruction(outputs):
    expected = 2 * F.cross_entropy(outputs.action_logits, outputs.action_labels)
    assert torch.isclose(ActionCrossEntropy(weight=2)(outputs), expected)
    expected = 10 * F.mse_loss(outputs.anonymized, outputs.original)
    assert torch.isclose(ReconstructionMSE(weight=10)(outputs), expected)
    assert torch.isclose(ReconstructionMSE(weight=10, over='present')(outputs), expected)
    with pytest.raises(ValueError, match="'all' or 'present', found 'some'"):
        ReconstructionMSE(over='some')


@pytest.mark.parametrize(
    ('loss', 'term'),
    [
        (PrivacyEntropy, lambda x, y: -softmax_entropy(x)),
        (PrivacyUniformKL, lambda x, y: uniform_kl(x)),
        (PrivacyNegatedCrossEntropy, lambda x, y: -F.cross_entropy(x, y)),
    ],
)
def test_privacy_terms_average_members_and_sum_attributes(outputs, loss, term):
    x, y = outputs.privacy_logits, outputs.privacy_labels
    expected = (term(x['a1'], y['a1']) + term(x['a2'], y['a2'])) / 2 + term(x['b'], y['b'])
    assert torch.isclose(loss(weight=3)(outputs), 3 * expected)
    assert torch.isclose(loss(attributes=['gender'])(outputs), term(x['b'], y['b']))


def test_an_attribute_without_adversary_is_named(outputs):
    with pytest.raises(
        ValueError,
        match=r"no adversary reads \['age'\]; the adversaries read \['gender', 'subject'\]",
    ):
        PrivacyEntropy(attributes=['age'])(outputs)
