# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import logging
from types import SimpleNamespace

import pytest
import torch
from builders import privacy_head, tiny_model, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.engine import PhaseSchedule, RestartAdversaryHook
from mmskanon.registry import MODELS


@pytest.fixture
def run():
    """A runner as the hook sees it, with two adversaries that Adam has a memory of."""
    init_default_scope('mmskanon')
    torch.manual_seed(0)
    members = {n: dict(net=tiny_net(privacy_head())) for n in ('a', 'b')}
    model = MODELS.build(tiny_model(adversary=dict(type='AdversaryBank', members=members)))
    optimizer = torch.optim.Adam(model.adversary.parameters())
    model.adversary(torch.randn(2, 1, 8, 20, 3))['a'].sum().backward()
    model.adversary(torch.randn(2, 1, 8, 20, 3))['b'].sum().backward()
    optimizer.step()
    schedule = PhaseSchedule([('adversary', 2), ('anonymizer', 1)])
    return SimpleNamespace(
        model=model,
        seed=3,
        iter=0,
        train_loop=SimpleNamespace(schedule=schedule),
        optim_wrapper=dict(adversary=SimpleNamespace(optimizer=optimizer)),
        logger=logging.getLogger('test'),
    )


def weights(run, name):
    return torch.cat(
        [p.detach().flatten().clone() for p in run.model.adversary.nets[name].parameters()]
    )


def restarted(run, hook, iterations):
    """From iteration to the members that changed."""
    changes = {}
    for i in range(iterations):
        run.iter = i
        before = {n: weights(run, n) for n in 'ab'}
        hook.before_train_iter(run, i)
        changed = [n for n in 'ab' if not torch.equal(weights(run, n), before[n])]
        if changed:
            changes[i] = changed
    return changes


def test_members_take_turns_after_so_many_iterations_of_their_phase(run):
    hook = RestartAdversaryHook(interval=4)
    hook.before_train(run)
    # Adversary iterations are 0 1, 3 4, 6 7, 9 10, 12 13: the fourth has passed at 6, the eighth at 12.
    assert restarted(run, hook, 14) == {6: ['a'], 12: ['b']}
    assert restarted(run, RestartAdversaryHook(4, members=['b']), 7) == {6: ['b']}


def test_the_warm_up_does_not_count(run):
    """What an adversary has learned in a warm-up as long as the interval is not thrown away at its end."""
    cycle = [('adversary', 2), ('anonymizer', 1)]
    run.train_loop.schedule = PhaseSchedule(cycle, [('adversary', 4), ('anonymizer', 1)])
    assert restarted(run, RestartAdversaryHook(interval=4), 18) == {11: ['a'], 17: ['b']}


def test_the_optimizer_forgets_the_member_alone(run):
    state = run.optim_wrapper['adversary'].optimizer.state
    known = {n: list(run.model.adversary.nets[n].parameters()) for n in 'ab'}
    run.iter = 6
    RestartAdversaryHook(interval=4).before_train_iter(run, 6)
    assert not any(p in state for p in known['a'])
    assert all(p in state for p in known['b'] if p.grad is not None)


def test_new_weights_follow_from_seed_and_iteration_and_leave_other_chance_alone(run):
    run.iter, hook = 6, RestartAdversaryHook(interval=4)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    hook.before_train_iter(run, 6)
    first = weights(run, 'a')
    assert torch.equal(torch.rand(3), expected)
    hook.before_train_iter(run, 6)
    assert torch.equal(weights(run, 'a'), first)
    run.seed = 4
    hook.before_train_iter(run, 6)
    assert not torch.equal(weights(run, 'a'), first)


def test_what_does_not_fit_is_named(run):
    with pytest.raises(ValueError, match='interval must be positive, found 0'):
        RestartAdversaryHook(0)
    with pytest.raises(
        ValueError, match="members names 'c', but the adversaries are \\['a', 'b'\\]"
    ):
        RestartAdversaryHook(2, members=['c']).before_train(run)
    run.train_loop = SimpleNamespace()
    with pytest.raises(ValueError, match='needs an AlternatingTrainLoop'):
        RestartAdversaryHook(2).before_train(run)
