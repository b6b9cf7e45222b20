# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest

from mmskanon.evaluation.functional import area


def test_known_answers():
    assert area(1.0, 0.0) == 1.0
    assert area(1.0, 1.0) == area(0.0, 0.3) == 0.0
    assert area(0.96, 0.125) == pytest.approx(0.84)


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ((96.3, 0.1), 'action.*96.3'),
        ((0.9, -0.1), 'privacy.*-0.1'),
        ((float('nan'), 0.1), 'action'),
    ],
)
def test_percentages_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        area(*values)
