# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Graphs of lower precision: layers in float16 or int8; coordinates, geometry and the last layer stay as they are."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .extras import onnx_extra
from .graph import INPUT, quiet

if TYPE_CHECKING:
    import onnx

_LAYERS = ('Conv', 'ConvTranspose', 'Gemm', 'MatMul')
_BETWEEN = ('Relu', 'MaxPool', 'Concat')


def layers_of(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Layers with float32 weights, in the order of computation, without those that no other layer follows.

    The last layer decides on coordinates, which half precision would round to millimetres, so it is left out.

    Args:
        model (onnx.ModelProto): A float32 model.

    Returns:
        list[onnx.NodeProto]: The layers.
    """
    weights = {w.name for w in model.graph.initializer if w.data_type == w.FLOAT}
    layers = [
        node
        for node in model.graph.node
        if node.op_type in _LAYERS and any(name in weights for name in node.input[1:2])
    ]
    before = _leading_to(model, {node.name for node in layers})
    return [node for node in layers if node.name in before]


def inner_layers(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Those of :func:`layers_of` that 8 bits will do for: between pooling and upsampling where there is pooling, else all but the first.

    The layers at full resolution read and make coordinates, which 8 bits would round to centimetres.

    Args:
        model (onnx.ModelProto): A float32 model.

    Returns:
        list[onnx.NodeProto]: The layers.
    """
    layers = layers_of(model)
    pooled = {node.name for node in model.graph.node if node.op_type == 'MaxPool'}
    if not pooled:
        return layers[1:]
    outer = _leading_to(model, pooled)
    first = min(i for i, node in enumerate(model.graph.node) if node.name in pooled)
    before_pooling = {node.name for node in model.graph.node[:first] if node.name in outer}
    upsamplers = {node.name for node in model.graph.node if node.op_type == 'ConvTranspose'}
    before_upsampling = _leading_to(model, upsamplers)
    return [n for n in layers if n.name in before_upsampling and n.name not in before_pooling]


def _leading_to(model: onnx.ModelProto, targets: set[str]) -> set[str]:
    """Names of the nodes on whose output one of the target nodes depends."""
    wanted: set[str] = set()
    found = set()
    for node in reversed(model.graph.node):
        if wanted & set(node.output):
            found.add(node.name)
            wanted |= set(node.input)
        if node.name in targets:
            wanted |= set(node.input)
    return found


def check_layers(model: onnx.ModelProto, name: str, precision: str) -> None:
    """Refuse a model in which there is nothing to compute in lower precision.

    Args:
        model (onnx.ModelProto): A float32 model.
        name (str): Name of the anonymizer, for the message.
        precision (str): What is asked for, for the message.

    Raises:
        ValueError: If it has no such layer.
    """
    if not (inner_layers if precision == 'int8' else layers_of)(model):
        raise ValueError(
            f'{name} has no layer that {precision} could make smaller (only convolutions and fully connected layers inside the network can be); '
            'export it with float32.'
        )


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Compute layers, and what stands between two of them, in half precision.

    Args:
        model (onnx.ModelProto): A float32 model.

    Returns:
        onnx.ModelProto: Another model; its input and output are float32.
    """
    with onnx_extra():
        import onnx
        from onnx import TensorProto, helper, numpy_helper

    made = onnx.ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    layers = {node.name for node in layers_of(made)}
    weights = {w.name: w for w in graph.initializer if w.data_type == TensorProto.FLOAT}
    half: set[str] = set()  # values that exist in half precision
    nodes, casts, smaller = [], {}, {}

    def cast(name: str, to: int) -> str:
        """Name of a value in another type."""
        if (name, to) not in casts:
            casts[name, to] = f'{name}_as_{"float16" if to == TensorProto.FLOAT16 else "float32"}'
            node = helper.make_node('Cast', [name], [casts[name, to]], f'cast_{len(casts)}', to=to)
            nodes.append(node)
        return casts[name, to]

    def in_half(name: str) -> str:
        if not name or name in half:
            return name
        if name in weights:
            if name not in smaller:
                array = numpy_helper.to_array(weights[name]).astype(np.float16)
                smaller[name] = numpy_helper.from_array(array, f'{name}_float16')
            return smaller[name].name
        return cast(name, TensorProto.FLOAT16)

    for node in graph.node:
        new = onnx.NodeProto()
        new.CopyFrom(node)
        between = node.op_type in _BETWEEN and all(name in half for name in node.input)
        if node.name in layers or between:
            inputs = [in_half(name) for name in node.input]
            half.update(new.output)
        else:
            inputs = [cast(n, TensorProto.FLOAT) if n in half else n for n in node.input]
        new.input[:] = inputs
        nodes.append(new)
    kept = {name for node in nodes for name in node.input} | {value.name for value in graph.output}
    left = [w for w in graph.initializer if w.name in kept]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*left, *smaller.values()])
    onnx.checker.check_model(made)
    return made


def to_int8(model: onnx.ModelProto, clips: Sequence[np.ndarray]) -> onnx.ModelProto:
    """Compute :func:`inner_layers` with 8-bit integers, whose ranges are those that given clips need.

    onnxruntime's static quantization: weights for each channel, with 7 bits, since with 8 the sums of two products overflow on processors
    without VNNI instructions.

    Args:
        model (onnx.ModelProto): A float32 model.
        clips (Sequence[np.ndarray]): What the model gets in use, each of shape (1, M, T, V, C), in its space.

    Returns:
        onnx.ModelProto: Another model; its input and output are float32.
    """
    with onnx_extra():
        import onnx
        from onnxruntime import quantization
    names = [node.name for node in inner_layers(model)]
    with tempfile.TemporaryDirectory() as folder:
        source, path = Path(folder, 'float32.onnx'), Path(folder, 'int8.onnx')
        onnx.save(model, source)
        with quiet():
            quantization.quantize_static(
                source,
                path,
                _reader(quantization.CalibrationDataReader, clips),
                quant_format=quantization.QuantFormat.QDQ,
                nodes_to_quantize=names,
                per_channel=True,
                reduce_range=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
            )
        return onnx.load(path)


def _reader(base: type, clips: Sequence[np.ndarray]):
    """What onnxruntime asks for one input after the other; its base can only be imported with onnxruntime."""

    class Reader(base):
        def __init__(self) -> None:
            self.clips = iter(clips)

        def get_next(self) -> dict | None:
            clip = next(self.clips, None)
            return None if clip is None else {INPUT: clip}

    return Reader()
