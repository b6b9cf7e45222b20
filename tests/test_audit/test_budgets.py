# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The shipped settings of the audit: they build, and they are what they promise."""

from pathlib import Path

import pytest

from mmskanon.audit.inversion import Inverter
from mmskanon.audit.tiers import TIERS
from mmskanon.registry import ATTACKERS
from mmskanon.utils import read_config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'audit'
BUDGETS = ('fast', 'standard', 'thorough')


def settings(budget):
    return read_config(str(CONFIGS / f'{budget}.py'))


def families(cfg):
    return {ATTACKERS.get(made['type']).family for made in cfg.attackers.values() if made}


@pytest.mark.parametrize('budget', BUDGETS)
def test_everything_named_can_be_built(budget):
    cfg = settings(budget)
    assert cfg.budget == budget
    for part in (cfg.attackers, cfg.recognizers):
        for made in part.values():
            if made:
                ATTACKERS.build(dict(made))
    assert cfg.recognizers[cfg.believed]
    assert all(cfg.attackers[name] for name in cfg.control_attackers)
    assert set(cfg.tiers) <= set(TIERS)
    Inverter(**cfg.inversion)


def test_budgets_are_what_they_promise():
    fast, standard, thorough = map(settings, BUDGETS)
    assert fast.lower_bound and not standard.lower_bound and not thorough.lower_bound
    assert families(fast) < families(standard) == families(thorough)
    assert list(standard.tiers) == list(thorough.tiers) == list(TIERS)
    assert len(standard.seeds) == 1 and len(thorough.seeds) == 3
    for name in ('tcn', 'gru', 'gcn'):
        shorter, longer = (
            ATTACKERS.build(dict(cfg.attackers[name])).options for cfg in (standard, thorough)
        )
        assert longer.epochs >= shorter.epochs and longer.max_rounds > shorter.max_rounds
        assert len(longer.learning_rates) > len(shorter.learning_rates)


def test_there_are_five_families_and_three_that_read_no_skeleton():
    cfg = settings('standard')
    kinds = [ATTACKERS.get(made['type']) for made in cfg.attackers.values()]
    assert len({k.family for k in kinds if k.counts}) >= 5
    assert len({k.family for k in kinds if not k.counts}) == 3
