# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmskanon.models.losses import PartyOutputs, TargetImitation
from mmskanon.skeletons import get_layout

LAYOUT = get_layout('kinect_v1')


def outputs(made, target):
    return PartyOutputs(
        made, made, None, torch.zeros(len(made), dtype=torch.long), {}, {}, {}, target=target
    )


def reference(made, target, motion, strides, path):
    """Loops over clips, persons, frames and joints in float64."""
    made, target = made.double().numpy(), target.double().numpy()
    pose, changes, place = [], {stride: [] for stride in strides}, []
    for a, b in zip(
        made.reshape(-1, *made.shape[2:]), target.reshape(-1, *made.shape[2:]), strict=True
    ):
        errors = {}
        for t in range(len(a)):
            if not b[t].any():
                continue
            rows = []
            for joint, parent in enumerate(LAYOUT.parents):
                if joint == LAYOUT.root:
                    rows.append(np.zeros(3))
                    continue
                units = [x[t, joint] - x[t, parent] for x in (a, b)]
                units = [u / np.linalg.norm(u) for u in units]
                rows.append(units[0] - units[1])
            errors[t] = np.stack(rows)
            pose.append((errors[t] ** 2).sum(1).mean())
            place.append(((a[t, LAYOUT.center] - b[t, LAYOUT.center]) ** 2).sum())
        for t in errors:
            for stride, change in changes.items():
                if t - stride in errors:
                    change.append(((errors[t] - errors[t - stride]) ** 2).sum(1).mean())
    moved = np.mean([np.mean(change) for change in changes.values()])
    return np.mean(pose) + motion * moved + path * np.mean(place)


def test_the_loss_is_its_definition_and_absent_persons_do_not_count():
    torch.manual_seed(0)
    made, target = torch.randn(2, 2, 12, 20, 3), torch.randn(2, 2, 12, 20, 3)
    target[:, 1, 7:] = 0
    loss = TargetImitation(weight=2.0, motion=4.0, strides=(1, 3), path=1.5, layout='kinect_v1')
    expected = 2 * reference(made, target, 4.0, (1, 3), 1.5)
    assert loss(outputs(made, target)).item() == pytest.approx(expected, rel=1e-5)
    assert loss(outputs(target, target)).item() == 0


def test_bone_lengths_do_not_matter_and_gradients_are_finite():
    torch.manual_seed(0)
    target = torch.randn(2, 1, 12, 20, 3)
    center = target[..., LAYOUT.center : LAYOUT.center + 1, :]
    larger = (center + 1.2 * (target - center)).requires_grad_()
    value = TargetImitation(layout='kinect_v1')(outputs(larger, target))
    assert value.item() < 1e-9
    value.backward()
    assert larger.grad.isfinite().all()


def test_missing_targets_are_named():
    x = torch.randn(2, 1, 12, 20, 3)
    with pytest.raises(ValueError, match='the samples have no target; put .*LoadTarget'):
        TargetImitation(layout='kinect_v1')(outputs(x, None))


@pytest.mark.parametrize('wrong', [(), (0,), (1, 2.5)])
def test_senseless_strides_are_refused(wrong):
    with pytest.raises(ValueError, match='strides must be integers of at least 1, found'):
        TargetImitation(strides=wrong)
