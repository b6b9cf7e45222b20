# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""MMEngine's checkpoint hook keeps the best checkpoint by any key of these metrics."""

import pytest
import torch
from mmengine.hooks import CheckpointHook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

LESS = ['privacy/strongest/subject', 'privacy/adversary.subject/top1', 'fidelity/mpjpe_mm']
GREATER = ['action/top1', 'area/subject']


class Staged(BaseModel):
    """Predicts well in the first epoch, and worse in the second."""

    def __init__(self, samples):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.samples = samples
        self.epoch = 0

    def forward(self, inputs, mode='tensor'):
        if mode == 'loss':
            self.epoch += 1
            return dict(loss=self.weight.sum())
        return self.samples[self.epoch - 1]


def _staged_samples(make_samples):
    good, bad = make_samples(12), make_samples(12)
    for sample in good:
        action, subject = sample.gt_label[0], torch.tensor(sample.gt_private['subject'])
        sample.pred_score = nn.functional.one_hot(action, 10).float()
        for name in ('adversary.subject', 'stgcn.subject'):
            sample.pred_private[name]['score'] = -nn.functional.one_hot(subject, 8).float()
        sample.fidelity['sum_dist'] = 1e-6
    return good, bad


def test_best_checkpoint_by_every_kind_of_key(tmp_path, make_samples):
    good, bad = _staged_samples(make_samples)
    keys = GREATER + LESS
    data = [dict(inputs=torch.zeros(1))] * len(good)
    loader = dict(dataset=data, sampler=dict(type='DefaultSampler'), batch_size=len(good))
    runner = Runner(
        model=Staged([good, bad]),
        work_dir=str(tmp_path),
        train_dataloader=loader,
        val_dataloader=loader,
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        train_cfg=dict(by_epoch=True, max_epochs=2),
        val_cfg=dict(),
        val_evaluator=[
            dict(type=t)
            for t in ('ActionAccuracy', 'PrivacyAccuracy', 'SkeletonFidelity', 'PrivacyUtilityArea')
        ],
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook', save_best=keys, rule=['greater'] * 2 + ['less'] * 3
            )
        ),
        custom_hooks=[],
        default_scope='mmskanon',
        experiment_name='save_best',
        log_level='ERROR',
    )
    runner.train()
    found = {path.name for path in tmp_path.glob('best_*')}
    assert found == {f'best_{key.replace("/", "_")}_epoch_1.pth' for key in keys}


@pytest.mark.parametrize('key', ['privacy/strongest/subject', 'fidelity/mpjpe_mm', 'area/subject'])
def test_keys_without_an_obvious_direction_need_a_rule(key):
    with pytest.raises(ValueError, match='specific rule must be specified'):
        CheckpointHook(save_best=key)
