# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Action labels of a batch."""

import torch


def action_labels(data_samples: list, num_classes: int | None = None) -> torch.Tensor:
    """Class indices of the actions.

    Args:
        data_samples (list): N samples with ``gt_label``.
        num_classes (int, optional): Number of classes of the head that will read them. Defaults to None, no check.

    Returns:
        Tensor: Long tensor of shape (N,).

    Raises:
        ValueError: If a label does not fit the head, which would otherwise end inside a kernel.
    """
    labels = torch.cat([s.gt_label for s in data_samples])
    if num_classes is not None and int(labels.max()) >= num_classes:
        raise ValueError(
            f'the data have at least {int(labels.max()) + 1} action classes, the recognizer was built for {num_classes}; set '
            'num_classes of its head to the number of classes in the annotation file, and train it on these data.'
        )
    return labels
