# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Whole collections, from annotation files or raw recordings: anonymized in chunks, resumable, by several processes and machines."""

from .chunks import TraceError
from .motion import MotionSettings
from .options import Outcome, ReleaseOptions, RunOptions, shard_of_launcher
from .run import anonymize_collection
from .sources import RecordingSource
from .traces import find_raw_traces, read_originals

__all__ = [
    'MotionSettings',
    'Outcome',
    'RecordingSource',
    'ReleaseOptions',
    'RunOptions',
    'TraceError',
    'anonymize_collection',
    'find_raw_traces',
    'read_originals',
    'shard_of_launcher',
]
