# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Skeletons as NumPy arrays or torch tensors: checked on the way in, of the same kind on the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from mmskanon.models.anonymizers import BaseAnonymizer

Skeletons = TypeVar('Skeletons', np.ndarray, Tensor)


def read_array(
    skeletons: np.ndarray | Tensor,
    anonymizer: BaseAnonymizer,
    shapes: Mapping[int, str],
    name: str,
    nobody: bool = False,
) -> np.ndarray:
    """Check skeletons against an anonymizer and give them as a NumPy array.

    Args:
        skeletons (np.ndarray | Tensor): Skeletons of shape (..., V, C), in the unit of the layout.
        anonymizer (BaseAnonymizer): What they are for.
        shapes (Mapping[int, str]): Allowed shapes by their number of axes, for the message.
        name (str): What they are, for the message.
        nobody (bool): Whether there may be no person, as in a frame of a stream. Defaults to False.

    Returns:
        np.ndarray: The same numbers; half-precision tensors become float32. May share memory with the input.

    Raises:
        TypeError: If this is no array, or not of floating-point numbers.
        ValueError: If the shape does not fit or a coordinate is not finite.
    """
    layout, coords = anonymizer.layout, anonymizer.num_coords
    if isinstance(skeletons, Tensor):
        floating, advice = skeletons.is_floating_point(), '.float()'
    elif isinstance(skeletons, np.ndarray):
        floating, advice = np.issubdtype(skeletons.dtype, np.floating), '.astype(numpy.float32)'
    else:
        raise TypeError(
            f'{name}: expected a NumPy array or a torch tensor, found {type(skeletons).__name__}; convert it, for instance with '
            'numpy.asarray(..., numpy.float32).'
        )
    if not floating:
        raise TypeError(
            f'{name}: expected floating-point coordinates in {layout.unit}, found {skeletons.dtype}; convert them to that unit, then with {advice}.'
        )
    shape = tuple(skeletons.shape)
    expected = f'shape {" or ".join(shapes.values())} with V={layout.num_joints} and C of at least {coords}'
    if len(shape) not in shapes:
        raise ValueError(
            f'{name}: expected {expected}, found {len(shape)} axes in shape {shape}; add, drop or move axes until they are these.'
        )
    if shape[-2] != layout.num_joints:
        raise ValueError(
            f'{name}: expected {layout.num_joints} joints (layout {layout.name!r}), found {shape[-2]} in shape {shape}; give skeletons of that layout, '
            'or an anonymizer that was built for theirs.'
        )
    if shape[-1] < coords:
        raise ValueError(
            f'{name}: expected {expected}, found {shape[-1]} channel(s) a joint; give all {coords} coordinates.'
        )
    if 0 in shape and not nobody:
        raise ValueError(
            f'{name}: expected {expected}, found nothing in shape {shape}; leave empty recordings out.'
        )
    if isinstance(skeletons, Tensor):
        tensor = skeletons.detach().cpu()
        array = (tensor.float() if tensor.element_size() < 4 else tensor).numpy()
    else:
        array = skeletons
    finite = np.isfinite(array[..., :coords])
    if not finite.all():
        place = np.argwhere(~finite)[0]
        axes = shapes[len(shape)].strip('()').split(', ')
        where = ', '.join(f'{axis}={i}' for axis, i in zip(axes, place, strict=True))
        raise ValueError(
            f'{name}: expected finite coordinates, found {array[tuple(place)]} at {where} ({(~finite).sum()} in all); fill gaps first, or set all '
            'coordinates of absent joints to 0.'
        )
    return array


def like(array: np.ndarray, original: Skeletons) -> Skeletons:
    """Give an array as what another one is: NumPy array or tensor, its dtype, its device."""
    if isinstance(original, Tensor):
        return torch.from_numpy(array).to(original)
    return array.astype(original.dtype, copy=False)


def blank(original: Skeletons) -> Skeletons:
    """Keep for :func:`like` what an array is, without its numbers."""
    if isinstance(original, Tensor):
        return original.detach().new_empty(0)
    return np.empty(0, original.dtype)


def check_seed(seed: int | None) -> None:
    """Refuse what is neither an integer nor None.

    Raises:
        TypeError: If it is something else.
    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
        raise TypeError(
            f'seed: expected an integer or None, found {seed!r}; leave it out for fresh draws.'
        )
