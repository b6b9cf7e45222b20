# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmskanon.models.losses import (
    ActionCrossEntropy,
    PartyOutputs,
    PrivacyEntropy,
    PrivacyNegatedCrossEntropy,
    PrivacySquaredEstimate,
    PrivacyUniformKL,
    ReconstructionMSE,
    softmax_entropy,
    squared_estimate,
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


@pytest.fixture
def with_age(outputs):
    outputs.privacy_logits['age'] = torch.tensor([[0.5], [-2.0], [0.0], [1.0], [3.0], [0.1]])
    outputs.privacy_labels['age'] = torch.tensor([20.0, 70.0, 66.0, 24.0, 80.0, 25.0])
    outputs.attributes['age'] = 'age'
    outputs.kinds = dict(a1='classes', a2='classes', b='classes', age='number')
    return outputs


def test_squared_estimate_pulls_to_the_mean_whatever_the_truth(with_age):
    estimates = with_age.privacy_logits['age'].requires_grad_()
    loss = PrivacySquaredEstimate(weight=2, attributes=['age'])
    expected = 2 * sum(v**2 for v in (0.5, 2.0, 0.0, 1.0, 3.0, 0.1)) / 6
    assert loss(with_age).item() == pytest.approx(expected)
    (gradient,) = torch.autograd.grad(loss(with_age), estimates)
    assert torch.equal(gradient.sign(), estimates.sign())
    assert squared_estimate(torch.zeros(4, 1)) == 0


def test_each_loss_refuses_the_other_kind_of_attribute(with_age):
    assert torch.isfinite(PrivacyEntropy(attributes=['subject', 'gender'])(with_age))
    with pytest.raises(ValueError, match="'age' as a number; .* to PrivacySquaredEstimate"):
        PrivacyEntropy()(with_age)
    with pytest.raises(ValueError, match="'gender' as classes; .* to PrivacyEntropy"):
        PrivacySquaredEstimate(attributes=['gender'])(with_age)
