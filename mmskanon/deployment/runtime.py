# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Exported anonymizers in use: onnxruntime and NumPy, no PyTorch network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import Tensor

from mmskanon.apis.arrays import like, read_array
from mmskanon.skeletons.geometry import denormalize_skeleton, normalize_skeleton

from .extras import onnx_extra
from .graph import INPUT, OUTPUT, open_session, run_session
from .metadata import read

Skeletons = TypeVar('Skeletons', np.ndarray, Tensor)

_SHAPES = {3: '(T, V, C)', 4: '(M, T, V, C)'}


class OnnxAnonymizer:
    """An anonymizer that ``tools/export.py`` wrote, called as :func:`~mmskanon.apis.anonymize_skeletons` is.

    Files in body space and in camera space are called in the same way; for the former, normalization is done here.

    Args:
        path (str | Path): The ONNX file.
        threads (int, optional): Threads of a call. Defaults to None, onnxruntime's choice.

    Attributes:
        metadata (dict): What the file says about itself (``docs/deployment.md``).
        layout (SkeletonLayout): Skeleton layout of input and output.
        num_person (int): Persons at most.
        num_coords (int): Leading channels that are coordinates.

    Raises:
        ImportError: If ``mmskanon[onnx]`` is not installed.
        FileNotFoundError: If there is no such file.
        ValueError: If it is no ONNX file, none that mmskanon wrote, or its metadata are damaged or do not fit its graph.

    Example:
        >>> hidden = OnnxAnonymizer('unet.onnx')(recording)  # doctest: +SKIP
    """

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f'{path} does not exist; give the path of a file that tools/export.py wrote.'
            )
        with onnx_extra():
            import onnxruntime  # noqa: F401
        try:
            self._session = open_session(str(path), threads)
        except Exception as error:  # onnxruntime has a class of its own for each kind of damage
            raise ValueError(
                f'{path} cannot be read as an ONNX file ({type(error).__name__}); give a file that tools/export.py wrote.'
            ) from error
        self.metadata = read(self._session.get_modelmeta().custom_metadata_map, str(path))
        inputs = [value.name for value in self._session.get_inputs()]
        outputs = [value.name for value in self._session.get_outputs()]
        if (inputs, outputs) != ([INPUT], [OUTPUT]):
            raise ValueError(
                f'{path}: expected the input {INPUT} and the output {OUTPUT}, found {inputs} and {outputs}; export the anonymizer again.'
            )
        self.layout = self.metadata['layout_definition']
        self.num_person = self.metadata['num_person']
        self.num_coords = self.metadata['num_coords']
        self._check_graph(str(path))

    def __call__(self, skeletons: Skeletons) -> Skeletons:
        """Anonymize one recording at full length.

        Args:
            skeletons (np.ndarray | Tensor): Shape (T, V, C), one person, or (M, T, V, C); any floating-point type. Camera space, in the unit
                of the layout. What is absent is exactly zero; channels after the coordinates are scores and pass.

        Returns:
            np.ndarray | Tensor: Same kind, shape and dtype, in the same coordinates; absent persons are exactly zero.

        Raises:
            TypeError: If this is no array of floating-point numbers.
            ValueError: If the shape does not fit the layout, a coordinate is not finite, or there are too many persons.
        """
        array = read_array(skeletons, self, _SHAPES, 'skeletons')
        clip = array.reshape(-1, *array.shape[-3:])
        shown, surplus = clip[: self.num_person], clip[self.num_person :]
        if surplus.any():
            raise ValueError(
                f'skeletons: the recording shows {len(clip)} persons, the file was made for {self.num_person}; leave the surplus persons out, or '
                'export an anonymizer that was trained for more.'
            )
        made = clip.copy()
        made[: len(shown), ..., : self.num_coords] = self._run(
            shown[..., : self.num_coords].astype(np.float32)
        )
        return like(made.reshape(array.shape), skeletons)

    def _check_graph(self, path: str) -> None:
        """Refuse a graph that takes something else than the metadata tell of."""
        (value,) = self._session.get_inputs()
        told = ('N', self.num_person, 'T', self.layout.num_joints, self.num_coords)
        fitting = len(value.shape) == 5 and all(
            size == other
            for axis, (size, other) in enumerate(zip(value.shape, told, strict=True))
            if axis in (1, 3, 4)
        )
        if value.type != 'tensor(float)' or not fitting:
            raise ValueError(
                f'{path}: its metadata tell of tensor(float) of shape ({", ".join(map(str, told))}), its graph takes {value.type} of shape '
                f'({", ".join(map(str, value.shape))}); export the anonymizer again.'
            )

    def _run(self, coords: np.ndarray) -> np.ndarray:
        """Anonymize coordinates of shape (M', T, V, C), camera space, with M' at most num_person."""
        body, record = coords, None
        if self.metadata['space'] == 'body':
            body, record = normalize_skeleton(coords, **self.metadata['normalization'])
        padded = np.zeros((1, self.num_person, *body.shape[1:]), np.float32)
        padded[0, : len(body)] = body
        made = run_session(self._session, padded)[0, : len(body)]
        return made if record is None else denormalize_skeleton(made, record)
