# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmskanon.visualization.views import UPS, VIEWS, common_limits, project

POINT = np.array([0.2, 1.1, 3.0])
points = hnp.arrays(np.float64, (4, 3), elements=st.floats(-5, 5))


@pytest.mark.parametrize(
    ('view', 'up', 'expected'),
    [
        ('front', 'y', (0.2, 1.1, 3.0)),
        ('side', 'y', (3.0, 1.1, -0.2)),
        ('top', 'y', (0.2, 3.0, -1.1)),
        ('front', '-y', (0.2, -1.1, 3.0)),
        ('front', 'z', (0.2, 3.0, -1.1)),
    ],
)
def test_known_directions(view, up, expected):
    np.testing.assert_allclose(project(POINT, view, up), expected, atol=1e-12)


def test_camera_and_body_space_look_alike():
    """Turned to z up, as normalization does it, a skeleton is seen as before."""
    turned = POINT @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).T
    for view in VIEWS:
        np.testing.assert_allclose(
            project(turned, view, 'z'), project(POINT, view, 'y'), atol=1e-12
        )


@given(points, st.sampled_from(sorted(VIEWS)), st.sampled_from(UPS))
def test_lengths_in_space_are_kept(cloud, view, up):
    np.testing.assert_allclose(
        np.linalg.norm(project(cloud, view, up), axis=-1), np.linalg.norm(cloud, axis=-1), atol=1e-9
    )


def test_pixels_lie_flat():
    np.testing.assert_array_equal(project(np.array([3.0, 4.0]), 'front', '-y'), [3, -4, 0])


@pytest.mark.parametrize(
    ('num_coords', 'view', 'up', 'message'),
    [
        (3, 'back', 'y', "no view is called 'back'.*front"),
        (3, 'front', 'x', "found 'x'"),
        (2, 'side', '-y', 'only be seen from the front'),
        (2, 'front', 'z', 'only be seen from the front'),
        (4, 'front', 'y', 'found 4'),
    ],
)
def test_impossible_views_are_refused(num_coords, view, up, message):
    with pytest.raises(ValueError, match=message):
        project(np.zeros(num_coords), view, up)


@given(st.lists(points, min_size=1, max_size=3))
def test_limits_hold_every_point(clouds):
    left, right, bottom, top = common_limits(clouds)
    for cloud in clouds:
        assert ((cloud[:, 0] > left) & (cloud[:, 0] < right)).all()
        assert ((cloud[:, 1] > bottom) & (cloud[:, 1] < top)).all()


@pytest.mark.parametrize(
    ('cloud', 'message'),
    [(np.zeros((0, 3)), 'no body to draw'), (np.full((1, 3), np.nan), 'NaN or infinite')],
)
def test_clouds_without_limits_are_refused(cloud, message):
    with pytest.raises(ValueError, match=message):
        common_limits([cloud])
