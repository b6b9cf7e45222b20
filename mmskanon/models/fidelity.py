# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How far anonymized skeletons are from the original, as sums that add up over batches and processes."""

import torch

from mmskanon.skeletons.layouts import SkeletonLayout


def fidelity_sums(
    original: torch.Tensor, anonymized: torch.Tensor, layout: SkeletonLayout | None = None
) -> dict[str, torch.Tensor]:
    """Sums from which MSE, MPJPE and bone-length deviation follow exactly for any union of samples.

    Args:
        original (Tensor): Shape (N, ..., V, C) in metres; a body whose coordinates are all zero is absent and not counted.
        anonymized (Tensor): Same shape.
        layout (SkeletonLayout, optional): Adds the bone sums and tells trailing score channels from coordinates.
            Defaults to None.

    Returns:
        dict[str, Tensor]: Each of shape (N,): ``sum_sq`` of coordinate differences (m^2) over ``coords`` coordinates,
        ``sum_dist`` of joint displacements (m) over ``count`` joints, and with a layout ``bone_dev_sum`` of
        |anonymized length - original length| / original length over ``bone_count`` bones of non-zero length.
    """
    dims = original.shape[-1] if layout is None else min(layout.dims, original.shape[-1])
    original, anonymized = original[..., :dims].double(), anonymized[..., :dims].double()
    present = (original != 0).any(-1).any(-1)
    square = ((anonymized - original) ** 2).sum(-1) * present[..., None]
    joints = present.flatten(1).sum(1).double() * original.shape[-2]
    sums = dict(
        sum_sq=square.flatten(1).sum(1),
        sum_dist=square.sqrt().flatten(1).sum(1),
        count=joints,
        coords=joints * dims,
    )
    if layout is not None:
        child, parent = (
            list(i) for i in zip(*((c, p) for c, p in layout.bones if c != p), strict=True)
        )
        before = (original[..., child, :] - original[..., parent, :]).norm(dim=-1)
        after = (anonymized[..., child, :] - anonymized[..., parent, :]).norm(dim=-1)
        counted = (before > 1e-6) & present[..., None]
        deviation = torch.where(counted, (after - before).abs() / before.clamp(min=1e-6), 0.0)
        sums.update(
            bone_dev_sum=deviation.flatten(1).sum(1), bone_count=counted.flatten(1).sum(1).double()
        )
    return sums


def motion_energy(skeletons: torch.Tensor) -> torch.Tensor:
    """Mean squared displacement of a joint between consecutive frames, in squared metres.

    Args:
        skeletons (Tensor): Shape (N, M, T, V, C).
    """
    if skeletons.shape[2] < 2:
        return skeletons.new_zeros(())
    return ((skeletons[:, :, 1:] - skeletons[:, :, :-1]) ** 2).sum(-1).mean()
