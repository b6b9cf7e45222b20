# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import doctest

import pytest

from mmskanon.skeletons import body_parts as module
from mmskanon.skeletons.body_parts import body_parts
from mmskanon.skeletons.layouts import LAYOUTS, get_layout


def test_example():
    results = doctest.testmod(module)
    assert results.attempted and not results.failed


@pytest.mark.parametrize('layout', sorted(LAYOUTS))
def test_each_joint_is_in_one_part_and_sides_do_not_mix(layout):
    layout = get_layout(layout)
    parts = body_parts(layout)
    assert sorted(j for part in parts for j in part) == list(range(layout.num_joints))
    left, right = ({p[side] for p in layout.pairs} for side in (0, 1))
    for part in parts:
        kinds = {0 if j in left else 1 if j in right else 2 for j in part}
        assert len(kinds) == 1
