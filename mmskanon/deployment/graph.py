# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""An anonymizer as an ONNX graph."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from mmskanon.models.anonymizers import BaseAnonymizer

from .camera_space import CameraSpaceAnonymizer
from .extras import onnx_extra
from .made_up import made_up_clips

if TYPE_CHECKING:
    import onnx

PRECISIONS = ('float32', 'float16', 'int8')
OPSETS = tuple(range(18, 24))
INPUT, OUTPUT = 'skeletons', 'anonymized'


def check_exportable(anonymizer: BaseAnonymizer) -> None:
    """Refuse an anonymizer that no graph can stand for.

    Args:
        anonymizer (BaseAnonymizer): What is to be exported.

    Raises:
        ValueError: If it draws at random or needs more than the skeletons, or is not ready
            (:func:`~mmskanon.apis.init_anonymizer`).
    """
    name = type(anonymizer).__name__
    if anonymizer.export_obstacle is not None:
        raise ValueError(
            f'{name} cannot be exported: {anonymizer.export_obstacle}; use it from Python (docs/api.md), or export a method that docs/deployment.md '
            'lists.'
        )
    if anonymizer.normalization is None or anonymizer.training:
        raise ValueError(
            f'{name}: expected an anonymizer in eval mode that knows its normalization; make it with init_anonymizer.'
        )


def example_input(anonymizer: BaseAnonymizer) -> torch.Tensor:
    """Made-up skeletons to record a graph with, shape (N, M, T, V, C); no two of its sizes are equal by chance of the layout."""
    clips = made_up_clips(anonymizer.layout, 2, anonymizer.num_person, 11)
    return torch.from_numpy(clips[..., : anonymizer.num_coords])


def build_onnx(
    anonymizer: BaseAnonymizer, camera_space: bool = False, opset: int = 18
) -> onnx.ModelProto:
    """Record an anonymizer as an ONNX graph for any number of clips and frames.

    Args:
        anonymizer (BaseAnonymizer): From :func:`~mmskanon.apis.init_anonymizer`, on the CPU.
        camera_space (bool): Whether normalization and its inverse are part of the graph. Defaults to False: it takes and gives body space.
        opset (int): Version of the ONNX operators, one of :data:`OPSETS`. Defaults to 18.

    Returns:
        onnx.ModelProto: A model with the input ``skeletons`` and the output ``anonymized``, both float32 of shape (N, M, T, V, C). Names of
        source files are removed from it.

    Raises:
        ImportError: If ``mmskanon[onnx]`` is not installed.
        ValueError: If the anonymizer cannot be exported, or the opset is unknown.
    """
    with onnx_extra():
        import onnxscript  # noqa: F401  torch.onnx needs it
    check_exportable(anonymizer)
    if opset not in OPSETS:
        raise ValueError(f'opset must be {OPSETS[0]} to {OPSETS[-1]}, found {opset!r}')
    module = CameraSpaceAnonymizer(anonymizer) if camera_space else anonymizer
    dynamic = torch.export.Dim.DYNAMIC
    with torch.no_grad(), quiet():
        program = torch.onnx.export(
            module.eval(),
            (example_input(anonymizer),),
            dynamo=True,
            dynamic_shapes=({0: dynamic, 2: dynamic},),
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=opset,
            external_data=False,
            verbose=False,
        )
    model = program.model_proto
    _forget_sources(model)
    _name_axes(model)
    return model


def set_metadata(model: onnx.ModelProto, values: Mapping[str, str]) -> None:
    """Replace the metadata of a model, in place."""
    del model.metadata_props[:]
    for key, value in sorted(values.items()):
        model.metadata_props.add(key=key, value=value)


def open_session(model: onnx.ModelProto | bytes | str, threads: int | None = None):
    """Open a model with onnxruntime on the CPU.

    Args:
        model (onnx.ModelProto | bytes | str): The model, or the path of one.
        threads (int, optional): Number of threads. Defaults to None, onnxruntime's choice.

    Returns:
        onnxruntime.InferenceSession: The session.
    """
    with onnx_extra():
        import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = options.inter_op_num_threads = threads
    content = model if isinstance(model, bytes | str) else model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])


def run_session(session, skeletons: np.ndarray) -> np.ndarray:
    """Run clips of shape (N, M, T, V, C), float32, through a session."""
    return session.run([OUTPUT], {INPUT: np.ascontiguousarray(skeletons)})[0]


def _forget_sources(model: onnx.ModelProto) -> None:
    """Remove what the exporter notes about source files, in nested graphs too."""
    del model.metadata_props[:]
    model.doc_string = ''
    for graph in [model.graph, *model.functions]:
        _forget_in_graph(graph)


def _forget_in_graph(graph) -> None:
    parts = [graph, *graph.node, *graph.value_info]
    for name in ('input', 'output', 'initializer'):
        parts += [part for part in getattr(graph, name, ()) if not isinstance(part, str)]
    for part in parts:
        part.doc_string = ''
        del part.metadata_props[:]
    for node in graph.node:
        for attribute in node.attribute:
            attribute.doc_string = ''
            for inner in [*([attribute.g] if attribute.HasField('g') else []), *attribute.graphs]:
                _forget_in_graph(inner)


def _name_axes(model: onnx.ModelProto) -> None:
    """Call the free axes of input and output N and T."""
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        for axis, name in ((0, 'N'), (2, 'T')):
            dims[axis].dim_param = name


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what exporter and quantizer say about themselves off the screen."""
    names = (
        '',
        'torch.onnx',
        'torch.onnx._internal.exporter._registration',
        'onnxscript',
        'onnx_ir',
    )
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
