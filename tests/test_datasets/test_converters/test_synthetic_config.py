# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest

from mmskanon.datasets.converters import SyntheticConfig


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_subjects=0), 'num_subjects must be a whole number of at least 1, found 0'),
        (dict(num_actions=2.5), 'num_actions must be a whole number'),
        (dict(trials=1), 'trials must be a whole number of at least 2'),
        (dict(seed=-1), 'seed must be a whole number of at least 0'),
        (dict(num_actions=99), 'num_actions asks for 97 one-person actions'),
        (dict(two_person_actions=4), 'two_person_actions must lie between 0 and 3'),
        (
            dict(num_actions=1, two_person_actions=2),
            'two_person_actions must lie between 0 and 1',
        ),
        (dict(frames=(1, 9)), 'frames must be'),
        (dict(frames=(50, 40)), 'frames must be'),
        (dict(fps=0), 'fps must be a positive number'),
        (dict(noise_std=-0.1), 'noise_std must be'),
        (dict(noise_std=float('nan')), 'noise_std must be'),
        (dict(cues=['height']), r"unknown names \['height'\]"),
        (dict(cues='tempo'), r"write \['tempo'\]"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        SyntheticConfig(**options)
