# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample


@pytest.fixture
def make_samples():
    """Predictions as the whole model returns them, with a known amount of knowledge in every score."""

    def make(n=40, num_actions=10, num_subjects=8, seed=0):
        rng = np.random.default_rng(seed)
        samples = []
        for i in range(n):
            action, subject, gender = (int(rng.integers(k)) for k in (num_actions, num_subjects, 2))

            def scores(label, num_classes, knowledge):
                logits = rng.normal(size=num_classes)
                logits[label] += knowledge
                return torch.tensor(logits, dtype=torch.float32).softmax(0)

            sample = ActionDataSample(metainfo=dict(frame_dir=f'clip_{i}'))
            sample.set_gt_label(action)
            sample.set_pred_score(scores(action, num_actions, 3.0))
            sample.gt_private = dict(subject=subject, gender=gender)
            sample.pred_private = {
                name: dict(attribute=attribute, role=role, score=scores(label, classes, knowledge))
                for name, attribute, role, label, classes, knowledge in (
                    ('adversary.subject', 'subject', 'adversary', subject, num_subjects, 0.2),
                    ('stgcn.subject', 'subject', 'attacker', subject, num_subjects, 2.0),
                    ('stgcn.gender', 'gender', 'attacker', gender, 2, 1.0),
                )
            }
            sums = rng.uniform(0.1, 2.0, size=6)
            sample.fidelity = dict(
                sum_sq=sums[0],
                sum_dist=sums[1],
                count=float(rng.integers(100, 900)),
                coords=float(rng.integers(300, 2700)),
                bone_dev_sum=sums[4],
                bone_count=float(rng.integers(90, 800)),
            )
            samples.append(sample)
        return samples

    return make


@pytest.fixture
def evaluate():
    """Run a metric over samples in batches of 7, the way a test loop does."""
    from mmengine.evaluator import Evaluator

    def run(metric, samples, batch=7):
        evaluator = Evaluator(metric)
        for start in range(0, len(samples), batch):
            evaluator.process(samples[start : start + batch])
        return evaluator.evaluate(len(samples))

    return run
