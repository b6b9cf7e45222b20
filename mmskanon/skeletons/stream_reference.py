# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The normalization of a stream, which cannot look at the whole recording first."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from .geometry import check_normalization, normalize_skeleton
from .layouts import SkeletonLayout, get_layout


class StreamReference:
    """Origin and rotation of body space as :func:`~mmskanon.skeletons.geometry.normalize_skeleton` finds them, frame by frame.

    The reference person is the first one in the first frame that shows anybody; a whole recording takes the one with the most frames. Where
    these are the same, so are origin and rotation from the first frame on in which that person has the centre joint. Before it, which a whole
    recording treats as if it had been there, the mean of the person's joints in their first frame is the origin; where the joint never
    comes, that is what a whole recording does, too.

    Args:
        layout (str | dict | SkeletonLayout): See :func:`~mmskanon.skeletons.geometry.normalize_skeleton`.
        center (str, optional): See there. Defaults to ``'first_frame'``.
        center_joint (int | str, optional): See there. Defaults to None.
        rotate (bool | str): See there. Defaults to True.

    Raises:
        ValueError: If the joint or the way to centre is unknown.
    """

    def __init__(
        self,
        layout: str | Mapping | SkeletonLayout,
        center: str | None = 'first_frame',
        center_joint: int | str | None = None,
        rotate: bool | str = True,
    ) -> None:
        self.layout = get_layout(layout)
        self.joint = check_normalization(self.layout, center, center_joint)
        self._options = dict(
            layout=self.layout, center=center, center_joint=center_joint, rotate=rotate
        )
        self._follows = center == 'every_frame'
        self._person: Hashable | None = None
        self._origin: np.ndarray | None = None
        self._rotation: np.ndarray | None = None
        self._latest: np.ndarray | None = None

    def see(self, frame: np.ndarray, people: Sequence[Hashable]) -> np.ndarray | None:
        """Take in the next frame.

        Args:
            frame (np.ndarray): Skeletons of shape (M, V, C) in camera space; absent ones are zero.
            people (Sequence[Hashable]): Who is in each row.

        Returns:
            np.ndarray | None: Origin of this frame, shape (dims,), to be handed to :meth:`read`; None if it is that of the reference frame.
        """
        coords = frame[..., : self.layout.dims]
        there = (coords != 0).any((1, 2))
        if self._person is None and there.any():
            self._person = people[int(there.argmax())]
        row = next((i for i, p in enumerate(people) if there[i] and p == self._person), None)
        if row is None:
            return self._latest if self._follows else None
        centred = bool((coords[row, self.joint] != 0).any())
        if self._rotation is None or (centred and self._latest is None):
            _, record = normalize_skeleton(frame[row][None, None], **self._options)
            self._origin, self._rotation = record['origin'][0], record['rotation']
        if centred:
            self._latest = coords[row, self.joint].astype(np.float64)
        return self._latest if self._follows else None

    def read(self, origins: Sequence[np.ndarray | None]) -> tuple[np.ndarray, np.ndarray]:
        """Give the normalization of some frames, as far as it is known by now.

        Args:
            origins (Sequence[np.ndarray | None]): What :meth:`see` returned for each of them.

        Returns:
            tuple[np.ndarray, np.ndarray]: Origins of shape (T, dims) and rotation of shape (dims, dims), for
            :func:`~mmskanon.skeletons.geometry.to_body_space`.

        Raises:
            ValueError: If nobody has been seen yet.
        """
        if self._origin is None:
            raise ValueError('nobody has been seen yet; let see() have a frame with a person first')
        rows = [self._origin if origin is None else origin for origin in origins]
        return np.stack(rows), self._rotation
