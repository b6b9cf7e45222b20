# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from audit_views import halves
from builders import action_head, tiny_net
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from mmskanon.audit.attackers import GCN
from mmskanon.audit.attackers.gcn_runner import ClipDataset

QUICK = dict(epochs=2, max_rounds=1, learning_rates=[0.01])


def test_leaves_no_file_and_no_manager(tmp_path, monkeypatch):
    view, labels, *_ = halves('bones', tmp_path / 'clips')
    (tmp_path / 'tmp').mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'tmp'))
    monkeypatch.chdir(tmp_path)
    managers = (MMLogger, MessageHub, Visualizer, DefaultScope)
    before = [list(m._instance_dict) for m in managers]

    def files() -> list[Path]:
        # PyTorch's compiler makes its own cache folder on import.
        own = ('clips', 'torchinductor')
        return sorted(
            p
            for p in tmp_path.rglob('*')
            if not any(o in str(p.relative_to(tmp_path)) for o in own)
        )

    found = files()
    GCN(dict(model=tiny_net(action_head())), 8, QUICK).fit(view, labels, 4, 0)
    assert [list(m._instance_dict) for m in managers] == before
    assert files() == found


def test_takes_another_recipe_by_path(tmp_path):
    view, labels, *_ = halves('bones', tmp_path / 'clips')
    path = tmp_path / 'recipe.py'
    wrapper = dict(optimizer=dict(type='AdamW', lr=1.0))
    Config(dict(model=tiny_net(action_head(9)), optim_wrapper=wrapper)).dump(str(path))
    attacker = GCN(str(path), 8, dict(QUICK, learning_rates=[1e-9]))
    attacker.fit(view, labels, 4, 0)
    assert attacker.net.net.cls_head.num_classes == 4
    assert attacker.net.net.backbone.__class__.__name__ == 'STGCN'
    # AdamW at this rate moves no weight by more than a few 1e-9.
    start = attacker.state()
    attacker.fit(view, labels, 4, 0, start=start)
    key = next(k for k in start if k.endswith('fc.weight'))
    np.testing.assert_allclose(attacker.state()[key], start[key], atol=1e-7)


def test_a_recipe_needs_a_model():
    with pytest.raises(KeyError, match=r"needs the key 'model' .*found \['optim_wrapper'\]"):
        GCN(dict(optim_wrapper={}))


def test_cuts_follow_from_seed_epoch_and_index(tmp_path):
    view, labels, *_ = halves('bones', tmp_path)
    data = ClipDataset(view, labels, 12, 0.4)
    data.set_random_state(1, 2)
    first = data[3]
    assert first['inputs'].shape == (1, 1, 12, 20, 3)
    assert int(first['data_samples'].gt_label) == labels[3]
    data[4]
    assert np.array_equal(first['inputs'], data[3]['inputs'])
    data.set_random_state(1, 3)
    assert not np.array_equal(first['inputs'], data[3]['inputs'])
    whole = ClipDataset(view, labels, 12, 0.0)
    np.testing.assert_allclose(whole[3]['inputs'], view[3:4].clips(12), atol=1e-6)


def test_a_batch_is_its_samples(tmp_path):
    view, labels, *_ = halves('bones', tmp_path)
    data = ClipDataset(view, labels, 12, 0.4)
    data.set_random_state(1, 2)
    for index, sample in zip((5, 3, 11), data.__getitems__([5, 3, 11]), strict=True):
        assert np.array_equal(sample['inputs'], data[index]['inputs'])
        assert sample['data_samples'].gt_label == labels[index]


def test_no_last_batch_of_one_clip(tmp_path):
    view, labels, *_ = halves('bones', tmp_path)
    attacker = GCN(dict(model=tiny_net(action_head())), 8, dict(QUICK, batch_size=4))
    attacker.fit(view[:9], labels[:9], 4, 0)
    assert Path(view.stores[0].folder).exists()
    assert np.isfinite(attacker.score(view).log_posterior).all()


def test_mixed_precision_trains_where_the_cpu_has_it(tmp_path, monkeypatch):
    view, labels, *_ = halves('bones', tmp_path / 'clips')
    types = []
    monkeypatch.setattr(
        'mmskanon.audit.attackers.gcn.run_epochs',
        lambda net, data, wrapper, *_: types.append(wrapper.get('type')),
    )
    for has in (True, False):
        monkeypatch.setattr('mmskanon.audit.attackers.gcn.cpu_has_bfloat16', lambda has=has: has)
        GCN(dict(model=tiny_net(action_head())), 8, QUICK, amp=True).fit(view, labels, 4, 0)
    GCN(dict(model=tiny_net(action_head())), 8, QUICK).fit(view, labels, 4, 0)
    assert types == ['CPUAmpOptimWrapper', 'OptimWrapper', None]


def test_mixed_precision_learns_the_same(tmp_path):
    view, labels, tried, answers = halves('bones', tmp_path / 'clips')
    training = dict(epochs=20, max_rounds=1, learning_rates=[0.01])
    attacker = GCN(dict(model=tiny_net(action_head())), 8, training, amp=True)
    attacker.fit(view, labels, 4, 0)
    assert all(v.dtype == torch.float32 for v in attacker.state().values() if v.is_floating_point())
    single = GCN(dict(model=tiny_net(action_head())), 8, training)
    single.fit(view, labels, 4, 0)
    right = [(a.score(tried).log_posterior.argmax(1) == answers).mean() for a in (attacker, single)]
    assert right[0] > 0.4 and abs(right[0] - right[1]) < 0.2
