# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The skeleton layouts known by name, and checks of data and graphs against a layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from .layout import STOCK_GRAPHS, SkeletonLayout, layout_error


def _sides(*parts: str) -> tuple[str, ...]:
    return tuple(f'{side}_{part}' for side in ('left', 'right') for part in parts)


_NTU = SkeletonLayout(
    name='nturgb+d',
    joints=(
        *('spine_base', 'spine_mid', 'neck', 'head'),
        *_sides('shoulder', 'elbow', 'wrist', 'hand'),
        *_sides('hip', 'knee', 'ankle', 'foot'),
        'spine_shoulder',
        *_sides('hand_tip', 'thumb'),
    ),
    parents=(
        *(1, 20, 20, 2),
        *(20, 4, 5, 6, 20, 8, 9, 10),
        *(0, 12, 13, 14, 0, 16, 17, 18),
        20,
        *(7, 7, 11, 11),
    ),
    pairs=(
        *((4, 8), (5, 9), (6, 10), (7, 11)),
        *((12, 16), (13, 17), (14, 18), (15, 19)),
        *((21, 23), (22, 24)),
    ),
    center=1,
    spine=(0, 1),
    shoulders=(8, 4),
    # MMAction2 measures each hand tip from the thumb.
    bone_pairs=(
        *((0, 1), (1, 20), (2, 20), (3, 2)),
        *((4, 20), (5, 4), (6, 5), (7, 6), (8, 20), (9, 8), (10, 9), (11, 10)),
        *((12, 0), (13, 12), (14, 13), (15, 14), (16, 0), (17, 16), (18, 17), (19, 18)),
        (20, 20),
        *((21, 22), (22, 7), (23, 24), (24, 11)),
    ),
)
_KINECT_V1 = SkeletonLayout(
    name='kinect_v1',
    joints=(
        *('head', 'shoulder_center', 'spine', 'hip_center'),
        *_sides('shoulder', 'elbow', 'wrist', 'hand'),
        *_sides('hip', 'knee', 'ankle', 'foot'),
    ),
    parents=(
        *(1, 1, 1, 2),
        *(1, 4, 5, 6, 1, 8, 9, 10),
        *(3, 12, 13, 14, 3, 16, 17, 18),
    ),
    pairs=((4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18), (15, 19)),
    center=2,
    spine=(3, 2),
    shoulders=(8, 4),
)
_COCO = SkeletonLayout(
    name='coco',
    joints=(
        'nose',
        *(
            f'{side}_{part}'
            for part in ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
            for side in ('left', 'right')
        ),
    ),
    parents=(0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 5, 6, 11, 12, 13, 14),
    pairs=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
    center=0,
    shoulders=(6, 5),
    dims=2,
    unit='px',
    # MMAction2 draws the graph from hip to shoulder, but measures the hips from the nose.
    bone_pairs=(
        *((0, 0), (1, 0), (2, 0), (3, 1), (4, 2), (5, 0), (6, 0), (7, 5), (8, 6)),
        *((9, 7), (10, 8), (11, 0), (12, 0), (13, 11), (14, 12), (15, 13), (16, 14)),
    ),
)
_OPENPOSE = SkeletonLayout(
    name='openpose',
    joints=(
        *('nose', 'neck'),
        *(
            f'{side}_{part}'
            for side in ('right', 'left')
            for part in ('shoulder', 'elbow', 'wrist')
        ),
        *(f'{side}_{part}' for side in ('right', 'left') for part in ('hip', 'knee', 'ankle')),
        *('right_eye', 'left_eye', 'right_ear', 'left_ear'),
    ),
    parents=(1, 1, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15),
    pairs=((5, 2), (6, 3), (7, 4), (11, 8), (12, 9), (13, 10), (15, 14), (17, 16)),
    center=1,
    shoulders=(2, 5),
    dims=2,
    unit='px',
    # MMAction2's graph is rooted at the neck, its bones at the nose.
    bone_pairs=(
        *((0, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 6), (8, 2)),
        *((9, 8), (10, 9), (11, 5), (12, 11), (13, 12), (14, 0), (15, 0), (16, 14), (17, 15)),
    ),
)
# What OpenPose calls BODY_25: its 18 joints in another order, the middle of the hips, and the feet.
_OPENPOSE_25 = SkeletonLayout(
    name='openpose_25',
    joints=(
        *('nose', 'neck'),
        *(
            f'{side}_{part}'
            for side in ('right', 'left')
            for part in ('shoulder', 'elbow', 'wrist')
        ),
        'mid_hip',
        *(f'{side}_{part}' for side in ('right', 'left') for part in ('hip', 'knee', 'ankle')),
        *('right_eye', 'left_eye', 'right_ear', 'left_ear'),
        *_sides('big_toe', 'small_toe', 'heel'),
    ),
    parents=(
        *(1, 1),
        *(1, 2, 3, 1, 5, 6),
        1,
        *(8, 9, 10, 8, 12, 13),
        *(0, 0, 15, 16),
        *(14, 19, 14, 11, 22, 11),
    ),
    pairs=(
        *((5, 2), (6, 3), (7, 4), (12, 9), (13, 10), (14, 11)),
        *((16, 15), (18, 17), (19, 22), (20, 23), (21, 24)),
    ),
    center=8,
    shoulders=(2, 5),
    dims=2,
    unit='px',
)
# The 33 landmarks of MediaPipe's pose, followed by the middle of the hips and of the shoulders, without which no bone is a spine.
_MEDIAPIPE = SkeletonLayout(
    name='mediapipe',
    joints=(
        'nose',
        *_sides('eye_inner', 'eye', 'eye_outer'),
        *(
            f'{side}_{part}'
            for part in (
                *('ear', 'mouth', 'shoulder', 'elbow', 'wrist', 'pinky', 'index', 'thumb'),
                *('hip', 'knee', 'ankle', 'heel', 'foot_index'),
            )
            for side in ('left', 'right')
        ),
        *('mid_hip', 'mid_shoulder'),
    ),
    parents=(
        34,
        *(0, 1, 2, 0, 4, 5),
        *(3, 6, 0, 0),
        *(34, 34, 11, 12, 13, 14),
        *(15, 16, 15, 16, 15, 16),
        *(33, 33, 23, 24, 25, 26),
        *(27, 28, 27, 28),
        *(33, 33),
    ),
    pairs=(
        *((1, 4), (2, 5), (3, 6)),
        *((joint, joint + 1) for joint in range(7, 33, 2)),
    ),
    center=33,
    spine=(33, 34),
    shoulders=(12, 11),
)
LAYOUTS: dict[str, SkeletonLayout] = {
    layout.name: layout for layout in (_NTU, _KINECT_V1, _COCO, _OPENPOSE, _OPENPOSE_25, _MEDIAPIPE)
}
"""dict[str, SkeletonLayout]: The layouts known by name."""


def get_layout(layout: str | Mapping | SkeletonLayout) -> SkeletonLayout:
    """Return a layout by name, or build one from a dict with the arguments of :class:`SkeletonLayout`.

    Args:
        layout (str | dict | SkeletonLayout): Name, definition, or a layout, which is returned as it is.

    Returns:
        SkeletonLayout: The layout.

    Raises:
        KeyError: If no layout has that name.
        TypeError: If ``layout`` is of another type.
        ValueError: If a definition lacks a part, has an unknown one, or contradicts itself.

    Example:
        >>> arm = get_layout(
        ...     dict(name='arm', joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 'elbow'], center='shoulder')
        ... )
        >>> arm.graph_layout()
        {'num_node': 3, 'inward': [(1, 0), (2, 1)], 'center': 0}
    """
    if isinstance(layout, SkeletonLayout):
        return layout
    if isinstance(layout, str):
        if layout not in LAYOUTS:
            raise KeyError(
                f'no skeleton layout is called {layout!r}: choose one of {sorted(LAYOUTS)}, or give a dict'
            )
        return LAYOUTS[layout]
    if not isinstance(layout, Mapping):
        raise TypeError(
            f'a skeleton layout is given as a name or a dict, found {type(layout).__name__}'
        )
    known = {f.name for f in fields(SkeletonLayout)}
    missing = {'joints', 'parents', 'center'} - set(layout)
    unknown = set(layout) - known
    name = layout.get('name', 'custom')
    if missing or unknown:
        raise layout_error(
            name,
            f'the dict lacks {sorted(missing)} and has unknown keys {sorted(map(str, unknown))}; it may have {sorted(known)}',
        )
    return SkeletonLayout(**{'name': 'custom', **layout})


def guess_layout(keypoint: np.ndarray, where: str) -> str:
    """Return the name of the known layout with as many joints; of several, of that with the most coordinates that the clip can have.

    Args:
        keypoint (np.ndarray): A clip (M, T, V, C).
        where (str): What it is, for messages.

    Returns:
        str: Name of the layout.

    Raises:
        ValueError: If the clip has another rank, or if no layout or several have that many joints.
    """
    shape = np.shape(keypoint)
    if len(shape) != 4:
        raise ValueError(f'{where} must have shape (M, T, V, C), found {shape}')
    fitting = [name for name, layout in LAYOUTS.items() if layout.num_joints == shape[2]]
    if len(fitting) > 1:
        dims = min(shape[3], max(LAYOUTS[name].dims for name in fitting))
        fitting = [name for name in fitting if LAYOUTS[name].dims == dims]
    if len(fitting) == 1:
        return fitting[0]
    known = ', '.join(f'{name} {layout.num_joints}' for name, layout in LAYOUTS.items())
    raise ValueError(
        f'{where} has {shape[2]} joints, which {"more than one" if fitting else "no"} known layout has ({known}): '
        'name the layout, or give a custom one'
    )


def check_joint_count(layout: str | Mapping | SkeletonLayout, num_joints: int, where: str) -> None:
    """Refuse a number of joints that is not the layout's.

    Args:
        layout (str | dict | SkeletonLayout): The layout.
        num_joints (int): Number of joints found.
        where (str): What has them, for the message, such as ``"sample 'a1_s1_t1' of train.pkl"``.

    Raises:
        ValueError: If the numbers differ; names both.
    """
    layout = get_layout(layout)
    if num_joints != layout.num_joints:
        fitting = [n for n, other in LAYOUTS.items() if other.num_joints == num_joints]
        advice = f'{fitting[0]!r} has {num_joints}' if fitting else 'set the layout of the data'
        raise ValueError(
            f'{where} has {num_joints} joints, but the skeleton layout {layout.name!r} has {layout.num_joints}: {advice}'
        )


def beyond_scores(keypoint: np.ndarray, coordinates: int) -> tuple[float, float] | None:
    """Find out whether what stands behind the coordinates can be no score, as where somebody gives three coordinates to a layout of two.

    Args:
        keypoint (np.ndarray): Coordinates and scores, shape (M, T, V, C).
        coordinates (int): How many of the C are coordinates.

    Returns:
        tuple[float, float] | None: Least and greatest of the numbers behind the coordinates, where they leave [0, 1] by more than a
            hundredth; None else.
    """
    rest = keypoint[..., coordinates:]
    if not rest.size:
        return None
    low, high = float(rest.min()), float(rest.max())
    return (low, high) if low < -0.01 or high > 1.01 else None


def check_graph_layout(
    layout: str | Mapping | SkeletonLayout, graph_layout: str | Mapping, where: str
) -> None:
    """Refuse a backbone graph with another number of joints than the layout.

    Args:
        layout (str | dict | SkeletonLayout): The layout of the data.
        graph_layout (str | dict): ``layout`` of the backbone's ``graph_cfg``.
        where (str): What has that graph, for the message, such as ``"backbone of the recognizer"``.

    Raises:
        ValueError: If the numbers of joints differ, or MMAction2 has no graph of that name.
    """
    if isinstance(graph_layout, str):
        if graph_layout not in STOCK_GRAPHS:
            raise ValueError(
                f'{where}: MMAction2 has no graph {graph_layout!r}, only {sorted(STOCK_GRAPHS)}; give '
                f'dict(num_node, inward, center), which get_layout(...).graph_layout() returns'
            )
        num_joints = STOCK_GRAPHS[graph_layout]
    else:
        num_joints = graph_layout['num_node']
    check_joint_count(layout, num_joints, f'the graph of the {where}')
