# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the file names of NTU RGB+D 60 and 120 say, and the standard splits that follow from it.

Sources: Shahroudy et al., "NTU RGB+D: a large scale dataset for 3D human activity analysis", CVPR 2016 (cross-subject and cross-view); Liu
et al., "NTU RGB+D 120", TPAMI 2019 (cross-subject of 106 subjects, cross-setup).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmskanon.datasets.schema import parse_ntu_name
from mmskanon.datasets.splits import select_split

SUFFIX = '.skeleton'
#: What a name counts from 1 and up to which number, in NTU RGB+D 120.
LIMITS = dict(setup=32, camera=3, subject=106, replication=2, action=120)
#: The last setup, action and subject of NTU RGB+D 60.
NTU60_SETUPS, NTU60_ACTIONS, NTU60_SUBJECTS = 17, 60, 40
TRAIN_SUBJECTS_60 = frozenset(
    (1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38)
)
TRAIN_SUBJECTS_120 = TRAIN_SUBJECTS_60 | frozenset(
    (
        45,
        46,
        47,
        49,
        50,
        *range(52, 60),
        70,
        74,
        78,
        *range(80, 87),
        89,
        *range(91, 96),
        97,
        98,
        100,
        103,
    )
)
TRAIN_CAMERAS = frozenset((2, 3))
_NAME = re.compile(r'S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}')


def is_sample_name(name: str) -> bool:
    """Whether a name has the form of a sample's, such as ``'S001C002P003R002A013'``."""
    return _NAME.fullmatch(name) is not None


def sample_facts(name: str, where: str) -> dict[str, int]:
    """Read what the name of a recording says.

    Args:
        name (str): File name without folder and suffix, such as ``'S001C002P003R002A013'``.
        where (str): How messages name the file.

    Returns:
        dict[str, int]: ``setup``, ``camera``, ``subject``, ``replication`` and ``action``, each counted from 1.

    Raises:
        ValueError: If the name is of another form, or a number is out of range.
    """
    facts = parse_ntu_name(name) if is_sample_name(name) else None
    if facts is None:
        raise ValueError(
            f'{where} is not named like a recording of NTU RGB+D: expected a name such as S001C002P003R002A013{SUFFIX}; '
            'rename the file or move it elsewhere.'
        )
    for what, most in LIMITS.items():
        if not 1 <= facts[what] <= most:
            raise ValueError(
                f'{where} names {what} {facts[what]}, expected 1 to {most}; rename the file or move it elsewhere.'
            )
    return facts


def has_two_persons(action: int) -> bool:
    """Whether an action, counted from 1, is one of those that two persons perform (A050 to A060, A106 to A120)."""
    return 50 <= action <= 60 or action >= 106


def is_ntu120(facts: Sequence[dict[str, int]]) -> bool:
    """Whether recordings are of NTU RGB+D 120: some setup is S018 or later, or some action A061 or later."""
    return any(f['setup'] > NTU60_SETUPS or f['action'] > NTU60_ACTIONS for f in facts)


def standard_splits(names: Sequence[str], ntu120: bool) -> dict[str, list[str]]:
    """List the samples of the standard splits under MMAction2's names.

    Args:
        names (Sequence[str]): Sample names such as ``'S001C002P003R002A013'``.
        ntu120 (bool): Whether they are of NTU RGB+D 120.

    Returns:
        dict[str, list[str]]: ``xsub_train``, ``xsub_val`` and the same for ``xview`` (NTU RGB+D 60) or ``xset`` (120), and for
        ``xrep``, which shares no take between its parts. A split without a sample is left out.
    """
    samples = [dict(frame_dir=name, **parse_ntu_name(name)) for name in names]
    subjects = TRAIN_SUBJECTS_120 if ntu120 else TRAIN_SUBJECTS_60
    rules = dict(xsub=lambda s: s['subject'] in subjects)
    if ntu120:
        rules['xset'] = lambda s: s['setup'] % 2 == 0
    else:
        rules['xview'] = lambda s: s['camera'] in TRAIN_CAMERAS
    in_xrep = _xrep_train(samples)
    rules['xrep'] = lambda s: s['frame_dir'] in in_xrep
    splits = {}
    for name, is_train in rules.items():
        splits[f'{name}_train'] = [s['frame_dir'] for s in samples if is_train(s)]
        splits[f'{name}_val'] = [s['frame_dir'] for s in samples if not is_train(s)]
    return {name: members for name, members in splits.items() if members}


def _xrep_train(samples: list[dict]) -> set[str]:
    """Names of the training part of xrep."""
    try:
        chosen = select_split(samples, dict(rule='xrep', part='train'))
    except ValueError:  # said of a part without samples, which is no fault of a small collection
        return set()
    return {samples[i]['frame_dir'] for i in chosen}
