# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Graphs, of which each takes seconds to export, for all tests that ask for the same."""

from collections.abc import Callable

import pytest
from exportable import ready


@pytest.fixture(scope='session')
def graph_of() -> Callable:
    """Graph in body space of an anonymizer named in ``exportable.py``, exported once; each call gives a copy."""
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxscript')
    from mmskanon.deployment.graph import build_onnx

    made = {}

    def graph(name: str):
        if name not in made:
            made[name] = build_onnx(ready(name)).SerializeToString()
        return onnx.load_from_string(made[name])

    return graph
