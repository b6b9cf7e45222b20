# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Classes and numbers that the samples of a data set are trained and tested on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .schema import attribute_number, attribute_value, label_map


def label_samples(
    samples: Sequence[dict],
    annotations: Sequence[dict],
    attributes: Sequence[str],
    regression_attributes: Sequence[str],
    file: str,
) -> dict[str, Any]:
    """Give each sample its private attributes, as class indices and as numbers.

    Args:
        samples (Sequence[dict]): Samples of a split, complete and checked; each gets the key ``private``, and a plain integer as ``label``.
        annotations (Sequence[dict]): All samples of the file, which the classes follow from.
        attributes (Sequence[str]): Attributes that are classes.
        regression_attributes (Sequence[str]): Attributes that are numbers.
        file (str): How messages name the file.

    Returns:
        dict: ``label_maps`` (for each attribute the list of its values, in which the position of a value is its class index),
        ``num_classes`` (of the action) and, with numbers, ``numbers``: mean, std, min and max of each over ``samples``.

    Raises:
        TypeError: If an attribute has values of a type that are no classes.
        ValueError: If an attribute has fewer than two values, or values that cannot be told apart.
    """
    try:
        maps = {a: label_map(annotations, a) for a in attributes}
    except (TypeError, ValueError) as error:
        raise type(error)(f'{file}: {error.args[0]}') from None
    for attribute, values in maps.items():
        if len(values) < 2:
            raise ValueError(
                f'{file}, key {attribute!r}: expected at least two values, found only {values[0]!r}; '
                f'take {attribute!r} out of the attributes'
            )
    indices = {a: {v: i for i, v in enumerate(values)} for a, values in maps.items()}
    for sample in samples:
        # MMAction2 refuses the integers of NumPy.
        sample['label'] = int(sample['label'])
        sample['private'] = {a: index[attribute_value(sample, a)] for a, index in indices.items()}
        sample['private'].update({a: attribute_number(sample, a) for a in regression_attributes})
    labels = (s.get('label') for s in annotations)
    num_classes = 1 + max(int(k) for k in labels if isinstance(k, (int, np.integer)))
    made = dict(label_maps=maps, num_classes=num_classes)
    if regression_attributes:
        made['numbers'] = _statistics(samples, regression_attributes)
    return made


def _statistics(samples: Sequence[dict], attributes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Mean, std, min and max of the numbers of the samples."""
    statistics = {}
    for attribute in attributes:
        values = np.array([sample['private'][attribute] for sample in samples])
        statistics[attribute] = {
            key: float(getattr(values, key)()) for key in ('mean', 'std', 'min', 'max')
        }
    return statistics
