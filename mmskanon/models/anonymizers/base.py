# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What every anonymizer has in common: checks, the mask of present persons, and pass-through of scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmskanon.skeletons.layouts import SkeletonLayout, check_joint_count, get_layout


class BaseAnonymizer(BaseModule):
    """Base of the modules that map skeletons to skeletons of the same shape.

    A subclass implements :meth:`transform` on the coordinates alone. This class checks the shape, finds out who is present,
    sets absent persons and padded frames back to exactly zero, and passes score channels through. A person counts as present
    in a frame where any of its coordinates is not zero; single joints are not masked, because the joint that normalization
    centres on lies at zero by right.

    ``transform`` sees coordinates in the floating-point type of the parameters; the output has the type of the input. Under
    autocast the layers may compute in half precision, while what leaves an anonymizer (the last addition or projection, and
    the mask) is computed in the type of the input.

    Args:
        layout (str | dict | SkeletonLayout): Skeleton layout of the input. Defaults to ``'nturgb+d'``.
        num_person (int): Number of persons M of the input. Defaults to 2.
        num_coords (int, optional): Leading channels of the input that are coordinates; the others are scores. Defaults to
            None, the layout's ``dims``.
        init_cfg (dict | list[dict], optional): MMEngine initialization, for instance a checkpoint. Defaults to None.

    Attributes:
        framewise (bool): Whether output frame t depends on input frame t alone. Export and streaming rely on it.
        frame_grid (int): Cut at a multiple of it, the rest of a clip gives the same output, away from the cut (:meth:`needed_frames`).
        streams (bool): Whether an output frame made from a few frames around it makes sense, so that the method can run on a stream.
        draws (bool): Whether the output depends on chance, so that clips cannot share a call and still each have a seed.
        normalization (dict, optional): Arguments of :func:`~mmskanon.skeletons.geometry.normalize_skeleton` beside the keypoints, to bring
            camera coordinates to what this instance was trained on. Set by :func:`~mmskanon.apis.init_anonymizer`; None otherwise.
        receptive_field (int, optional): Largest number of consecutive input frames that one output frame depends on, in eval
            mode; None where there is no bound.
        asks_for_subject (bool): Whether a call needs ``subjects``, the subject of each clip of the batch, beside the skeletons.
        asks_for_take (bool): Whether a call makes use of ``takes``, the performance that each clip of the batch shows
            (:func:`~mmskanon.datasets.schema.take_key`), None where that is not known.

    Raises:
        ValueError: If ``num_person`` or ``num_coords`` makes no sense.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import BaseAnonymizer
        >>> class Mirror(BaseAnonymizer):
        ...     framewise = True
        ...
        ...     def transform(self, coords, present):
        ...         return -coords
        >>> Mirror('nturgb+d', num_person=2)(torch.randn(4, 2, 64, 25, 3)).shape
        torch.Size([4, 2, 64, 25, 3])
    """

    framewise: bool = False
    frame_grid: int = 1
    streams: bool = True
    draws: bool = False
    asks_for_subject: bool = False
    asks_for_take: bool = False
    normalization: dict | None = None

    def __init__(
        self,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.layout = get_layout(layout)
        self.num_person = num_person
        self.num_coords = self.layout.dims if num_coords is None else num_coords
        name = type(self).__name__
        if self.num_person < 1:
            raise ValueError(f'{name}: num_person must be at least 1, found {self.num_person}')
        if self.num_coords not in (2, 3):
            raise ValueError(f'{name}: num_coords must be 2 or 3, found {self.num_coords}')

    @property
    def draws_anew(self) -> bool:
        """bool: Whether equal calls draw differently, because something in it that draws was given no ``seed``."""
        return self.draws and getattr(self, 'seed', None) is None

    @property
    def export_obstacle(self) -> str | None:
        """str, optional: Why no graph of tensor operations can stand for this instance, as the end of a sentence; None where one can."""
        return None

    @property
    def receptive_field(self) -> int | None:
        """int, optional: Largest number of consecutive input frames that one output frame depends on, in eval mode; None without bound."""
        spans = [self.needed_frames(frame) for frame in range(self.frame_grid)]
        return None if None in spans else max(last - first + 1 for first, last in spans)

    def needed_frames(self, frame: int) -> tuple[int, int] | None:
        """Tell what an output frame depends on in eval mode, in a clip that goes on far enough on both sides.

        Args:
            frame (int): Number of the output frame, counted from the start of the clip or another multiple of ``frame_grid``.

        Returns:
            tuple[int, int] | None: First and last input frame needed. None means that a subclass that is not frame-wise sets no bound.
        """
        return (frame, frame) if self.framewise else None

    def check_collection(self, samples: Sequence[Mapping], file: str) -> None:
        """Make sure that an annotation file is one that this anonymizer was built for; most suit any.

        Args:
            samples (Sequence[Mapping]): Its samples, or their heads.
            file (str): Its name, for the messages.

        Raises:
            ValueError: If a subclass was built for another.
        """

    def forward(self, x: Tensor) -> Tensor:
        """Anonymize a batch of skeletons.

        Args:
            x (Tensor): Skeletons of shape (N, M, T, V, C), in the unit and frame of reference of training.

        Returns:
            Tensor: Anonymized skeletons, same shape, type, unit and frame of reference; absent persons are exactly zero.

        Raises:
            ValueError: If the shape is not that of the layout.
            TypeError: If the input is not floating-point.
        """
        return self._anonymize(x, self.transform)

    def _anonymize(self, x: Tensor, transform: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """What :meth:`forward` does, with any function that takes and gives what :meth:`transform` does."""
        self._check_input(x)
        coords = x[..., : self.num_coords]
        present = (coords != 0).flatten(3).any(-1)[..., None, None]
        parameter = next(self.parameters(), x)
        out = transform(coords.to(parameter.dtype), present).to(x.dtype)
        out = out.masked_fill(~present, 0)
        if x.shape[4] == self.num_coords:
            return out
        return torch.cat([out, x[..., self.num_coords :]], dim=-1)

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Transform coordinates; whatever is returned for absent persons is discarded.

        Args:
            coords (Tensor): Coordinates of shape (N, M, T, V, num_coords).
            present (Tensor): Boolean mask of shape (N, M, T, 1, 1), True where a person is there.

        Returns:
            Tensor: Anonymized coordinates of the same shape.
        """
        raise NotImplementedError

    def _check_input(self, x: Tensor) -> None:
        name = type(self).__name__
        if x.dim() != 5:
            raise ValueError(
                f'{name} expects skeletons of shape (N, M, T, V, C), found shape {tuple(x.shape)}'
            )
        if not x.is_floating_point():
            raise TypeError(f'{name} expects floating-point coordinates, found {x.dtype}')
        if x.shape[1] != self.num_person:
            raise ValueError(
                f'{name} was built for {self.num_person} person(s), found {x.shape[1]}: '
                f'set its num_person to that of FormatGCNInput'
            )
        check_joint_count(self.layout, x.shape[3], f'the input of {name}')
        if x.shape[4] < self.num_coords:
            raise ValueError(
                f'{name} expects at least {self.num_coords} coordinates a joint, found {x.shape[4]}'
            )
