# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from mmskanon.skeletons.body_parts import body_parts
from mmskanon.skeletons.kinematics import split_length
from mmskanon.skeletons.layouts import get_layout
from mmskanon.skeletons.part_donors import PartDonors

LAYOUT = get_layout('kinect_v1')
PARTS = body_parts(LAYOUT)
LEFT_ARM = next(i for i, part in enumerate(PARTS) if LAYOUT.joints.index('left_elbow') in part)
RIGHT_ARM = next(i for i, part in enumerate(PARTS) if LAYOUT.joints.index('right_elbow') in part)
REST = split_length(torch.randn(20, 3, generator=torch.Generator().manual_seed(0)))[0]


def motion(swings, frames=40, persons=1):
    """Bone directions (T, M, V, 3) of bodies whose part i swings by an angle (radians) at a number of times, as swings[i] says."""
    out = np.repeat(REST.numpy()[None], frames, 0)
    time = np.linspace(0, 2 * np.pi, frames)
    for part, (angle, times) in swings.items():
        turns = Rotation.from_rotvec(np.outer(angle * np.sin(times * time), [0, 0, 1]))
        for joint in PARTS[part]:
            out[:, joint] = turns.apply(REST[joint].numpy())
    return torch.from_numpy(np.repeat(out[:, None], persons, 1)).float()


def donors_of(motions, subjects, **kwargs):
    settings = dict(frames=64, band=24, penalty=0.02, sigma=2.0) | kwargs
    return PartDonors(motions, subjects, REST, LAYOUT, **settings)


def ask(donors, own, motions, k, refuse=lambda clip: False, without=None, shown=(True,)):
    shown = torch.tensor(shown)
    return donors.find(
        own[:, : int(shown.sum())], shown, lambda i: motions[i][:, shown], k, refuse, without
    )


def gallery(persons=1):
    """Of each of five people a clip that swings the left arm once, the right arm twice, and both legs three times."""
    kinds = [{LEFT_ARM: (1.0, 1)}, {RIGHT_ARM: (1.0, 2)}, {2: (1.0, 3), 4: (1.0, 3)}]
    motions = [motion(kind, 30 + 4 * who, persons) for who in range(5) for kind in kinds]
    return motions, [who for who in range(5) for _ in kinds]


def test_each_part_finds_those_in_whom_it_moves_so_whatever_else_they_do():
    motions, subjects = gallery()
    donors = donors_of(motions, subjects)
    found = ask(donors, motion({LEFT_ARM: (1.0, 1), RIGHT_ARM: (1.0, 2)}), motions, 3)
    assert len(found) == len(PARTS)
    for part, kind in ((LEFT_ARM, 0), (RIGHT_ARM, 1)):
        chosen, paths = found[part]
        assert [clip % 3 for clip in chosen] == [kind] * 3
        assert len({subjects[clip] for clip in chosen}) == 3
        assert paths.shape == (3, 64) and (paths.diff(dim=1) >= 0).all()
        # All swing at the same times, so that each frame finds its like.
        torch.testing.assert_close(
            paths, torch.arange(64.0).expand(3, -1), atol=3, rtol=0, check_dtype=False
        )
    # Legs and trunk rest in the clip, and in nobody who swings the legs.
    assert all(clip % 3 != 2 for part in (2, 4) for clip in found[part][0])


def test_the_nearest_come_first():
    motions = [motion({LEFT_ARM: (angle, 1)}) for angle in (0.2, 1.3, 0.9, 1.1, 0.5)]
    found = ask(donors_of(motions, range(5)), motion({LEFT_ARM: (1.0, 1)}), motions, 5)
    assert found[LEFT_ARM][0][2:] == [1, 4, 0] and set(found[LEFT_ARM][0][:2]) == {2, 3}


def test_people_and_clips_that_must_not_be_taken_are_not():
    motions, subjects = gallery()
    donors, own = donors_of(motions, subjects), motion({LEFT_ARM: (1.0, 1)})
    found = ask(donors, own, motions, 4, without=2)
    assert all(subjects[clip] != 2 for chosen, _ in found for clip in chosen)
    found = ask(donors, own, motions, 5, refuse=lambda clip: clip % 3 == 0)
    assert all(clip % 3 for chosen, _ in found for clip in chosen)
    assert ask(donors, own, motions, 5, without=2) is None
    assert ask(donors, own, motions, 1, refuse=lambda clip: True) is None


def test_many_clips_of_one_person_do_not_crowd_out_the_others():
    near = [motion({LEFT_ARM: (1.0, 1)}, 40) for _ in range(100)]
    motions = [*near, *(motion({LEFT_ARM: (0.1, 1)}) for _ in range(3))]
    found = ask(donors_of(motions, [0] * 100 + [1, 2, 3]), motion({LEFT_ARM: (1.0, 1)}), motions, 4)
    assert len(found[LEFT_ARM][0]) == 4 and set(found[LEFT_ARM][0][1:]) == {100, 101, 102}


@pytest.mark.parametrize('shown', [(True, False), (True, True)])
def test_only_persons_who_are_shown_count(shown):
    motions, subjects = gallery(2)
    for clip in motions[::3]:
        clip[:, 1] = REST  # the second person of those who swing the left arm rests
    own = motion({LEFT_ARM: (1.0, 1)}, persons=2)
    found = ask(donors_of(motions, subjects), own, motions, 5, shown=shown)
    assert [clip % 3 for clip in found[LEFT_ARM][0]] == [0] * 5


def test_the_gallery_is_not_part_of_a_checkpoint():
    motions, subjects = gallery()
    assert not donors_of(motions, subjects).state_dict()
