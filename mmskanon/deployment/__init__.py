# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Trained anonymizers as files that run without PyTorch and without mmskanon."""

from .camera_space import CameraSpaceAnonymizer, find_body_space
from .exporter import ExportOptions, ExportReport, export_file
from .graph import OPSETS, PRECISIONS, build_onnx
from .runtime import OnnxAnonymizer

__all__ = [
    'OPSETS',
    'PRECISIONS',
    'CameraSpaceAnonymizer',
    'ExportOptions',
    'ExportReport',
    'OnnxAnonymizer',
    'build_onnx',
    'export_file',
    'find_body_space',
]
