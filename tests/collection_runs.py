# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Runs over small collections."""

from raw_recordings import config

from mmskanon.collection import MotionSettings, RunOptions, anonymize_collection

NOISE = dict(kind='GaussianNoiseAnonymizer', made=dict(std=0.05))
KEY = b'sixteen bytes or more'


def anonymize(source, target, cfg=None, release=None, seed=None, **options):
    motion = MotionSettings(
        cfg or config('SmoothingAnonymizer', made=dict(sigma=2.0)),
        None,
        frames=options.pop('frames', None),
        placement='keep' if release is None else 'canonical',
        batch_size=options.pop('batch_size', 1),
    )
    more = {k: options.pop(k) for k in ('kind', 'dry_run', 'progress') if k in options}
    run = RunOptions(**{'chunk': 3, **options})
    return anonymize_collection(motion, source, target, seed, release, run, **more)
