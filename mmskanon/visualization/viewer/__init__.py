# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A page in which recordings and their anonymized counterparts are played, turned and measured."""

from .data import ViewerSample, pack_clips, sample_entry
from .page import render_viewer, write_viewer

__all__ = ['ViewerSample', 'pack_clips', 'render_viewer', 'sample_entry', 'write_viewer']
