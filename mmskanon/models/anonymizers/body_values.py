# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Checks of what anonymizers that know a body are configured with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmskanon.skeletons.kinematics import split_length
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.population import Population

from .base import BaseAnonymizer


def check_three_dimensional(anonymizer: BaseAnonymizer) -> None:
    """Refuse a layout, or a number of coordinates, that is not three-dimensional.

    Args:
        anonymizer (BaseAnonymizer): What was built.

    Raises:
        ValueError: If it is not.
    """
    layout, found = anonymizer.layout, anonymizer.num_coords
    if found != 3 or layout.dims != 3:
        raise ValueError(
            f'{type(anonymizer).__name__} needs three-dimensional skeletons, found the layout {layout.name!r} with {found} coordinates: bones in '
            f'an image have no length of their own'
        )


def check_upright(population: Mapping | None, where: str) -> None:
    """Refuse a population whose rest poses cannot be compared.

    Args:
        population (Mapping, optional): Arguments of :class:`~mmskanon.datasets.population_clips.PopulationClips`.
        where (str): What is configured, for the message.

    Raises:
        ValueError: If the population is not turned upright.
    """
    if population is not None and not population.get('rotate', True):
        raise ValueError(
            f'{where}: population has rotate=False, but rest poses can only be compared upright and facing the front; leave rotate out'
        )


def bone_lengths_tensor(lengths: Sequence[float], layout: SkeletonLayout, where: str) -> Tensor:
    """Check bone lengths.

    Args:
        lengths (Sequence[float]): Bone length of each joint to its parent, 0 for the root.
        layout (SkeletonLayout): Skeleton layout.
        where (str): What is configured, for the message.

    Returns:
        Tensor: Lengths of shape (V,), float32.

    Raises:
        ValueError: If their number is not that of the joints, that of the root is not 0, or another one is not positive.
    """
    values = torch.as_tensor(lengths, dtype=torch.float32)
    if values.shape != (layout.num_joints,):
        raise ValueError(
            f'{where}: lengths must be {layout.num_joints} numbers, one for each joint of the layout {layout.name!r}, found shape '
            f'{tuple(values.shape)}'
        )
    for joint, value in enumerate(values.tolist()):
        if joint == layout.root:
            good, expected = value == 0, '0, for the root has no bone'
        else:
            good, expected = 0 < value < float('inf'), 'a positive number'
        if not good:
            raise ValueError(
                f'{where}: lengths[{joint}] ({layout.joints[joint]}) must be {expected}, found {value}'
            )
    return values


def rest_directions_tensor(
    directions: Sequence[Sequence[float]], layout: SkeletonLayout, where: str
) -> Tensor:
    """Check rest directions and bring them to length 1.

    Args:
        directions (Sequence[Sequence[float]]): Rest directions from parent to joint, V x 3, zero for the root.
        layout (SkeletonLayout): Skeleton layout.
        where (str): What is configured, for the message.

    Returns:
        Tensor: Directions of shape (V, 3), float32, of length 1 or 0.

    Raises:
        ValueError: If they are not V x 3 finite numbers.
    """
    values = torch.as_tensor(directions, dtype=torch.float32)
    if values.shape != (layout.num_joints, 3) or not values.isfinite().all():
        raise ValueError(
            f'{where}: rest_directions must be {layout.num_joints} x 3 finite numbers, one row for each joint of the layout {layout.name!r}, found '
            f'shape {tuple(values.shape)}'
        )
    return split_length(values)[0]


def body_of(population: Population) -> dict:
    """What :func:`body_tensors` takes, from a measured population.

    Args:
        population (Population): The statistics.

    Returns:
        dict: ``lengths``, ``rest_directions``, ``size_spread`` and ``proportion_spread``.
    """
    return dict(
        lengths=population.lengths,
        rest_directions=population.directions,
        size_spread=population.size_spread,
        proportion_spread=population.proportion_spread,
    )


def body_tensors(body: Mapping | None, layout: SkeletonLayout, where: str) -> dict[str, Tensor]:
    """Check the values of a canonical body.

    Args:
        body (Mapping, optional): ``lengths``, and optionally ``rest_directions``, ``size_spread`` and ``proportion_spread``.
        layout (SkeletonLayout): Skeleton layout.
        where (str): What is configured, for the message.

    Returns:
        dict[str, Tensor]: ``bone_lengths`` (V,), ``rest_directions`` (V, 3), ``size_spread`` () and ``proportion_spread`` (V,), float32; NaN
        where a value is not given.

    Raises:
        ValueError: If keys or values make no sense.
    """
    joints = layout.num_joints
    shapes = dict(
        bone_lengths=(joints,),
        rest_directions=(joints, 3),
        size_spread=(),
        proportion_spread=(joints,),
    )
    values = {key: torch.full(shape, torch.nan) for key, shape in shapes.items()}
    if body is None:
        return values
    optional = ('rest_directions', 'size_spread', 'proportion_spread')
    if not {'lengths'} <= set(body) - {'_scope_'} <= {'lengths', *optional}:
        raise ValueError(
            f'{where}: body must be dict(lengths=...), optionally with {optional}, found the keys {sorted(body)}'
        )
    values['bone_lengths'] = bone_lengths_tensor(body['lengths'], layout, where)
    if 'rest_directions' in body:
        values['rest_directions'] = rest_directions_tensor(body['rest_directions'], layout, where)
    for key in ('size_spread', 'proportion_spread'):
        if key in body:
            given = torch.as_tensor(body[key], dtype=torch.float32)
            if given.shape != shapes[key] or (given < 0).any() or given.isinf().any():
                raise ValueError(
                    f'{where}: {key} must be of shape {shapes[key]} with numbers >= 0, found {given.tolist()}'
                )
            values[key] = given
    return values
