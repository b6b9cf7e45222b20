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


def ask(donors, own, motions, k, refuse=lambda clip: False, people=range(5), shown=(True,)):
    shown = torch.tensor(shown)
    return donors.find(
        own[:, : int(shown.sum())], shown, lambda i: motions[i][:, shown], people, k, refuse
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


def test_a_person_lends_the_clip_that_is_nearest_when_aligned():
    """Not the one that is nearest frame by frame."""
    kinds = [(0.2, 1), (1.0, 1), (0.5, 1), *((0.0, i) for i in range(20))]
    late = motion({LEFT_ARM: (1.0, 1)})
    late = torch.cat([late[:1].expand(8, -1, -1, -1), late])
    motions = [late, *(motion({LEFT_ARM: kind}) for kind in kinds)]
    for without, best in ((False, 2), (True, 0)):
        own, refused = motion({LEFT_ARM: (1.0, 1)}), {2} if without else set()
        donors = donors_of(motions, [7] * len(motions))
        found = ask(donors, own, motions, 1, refused.__contains__, [7])
        assert found[LEFT_ARM][0] == [best]


def test_people_are_taken_in_their_order_and_replaced_where_all_is_refused():
    motions, subjects = gallery()
    donors, own = donors_of(motions, subjects), motion({LEFT_ARM: (1.0, 1)})
    assert donors.people == [0, 1, 2, 3, 4]

    def people(found):
        return [[subjects[clip] for clip in chosen] for chosen, _ in found]

    assert people(ask(donors, own, motions, 2, people=[3, 1, 0])) == [[3, 1]] * len(PARTS)
    found = ask(donors, own, motions, 2, lambda clip: subjects[clip] == 1, [3, 1, 0])
    assert people(found) == [[3, 0]] * len(PARTS)
    found = ask(donors, own, motions, 5, lambda clip: clip % 3 == 0)
    assert all(clip % 3 for chosen, _ in found for clip in chosen)
    assert ask(donors, own, motions, 4, people=[3, 1, 0]) is None
    assert ask(donors, own, motions, 1, lambda clip: True) is None


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
