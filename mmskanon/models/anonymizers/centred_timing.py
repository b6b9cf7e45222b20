# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""k-same motion along a timing from which the habits of each person were taken, for collections with known subjects."""

from __future__ import annotations

import logging
import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor
from tqdm import tqdm

from mmskanon.datasets.population_clips import PopulationClips, population_clips
from mmskanon.datasets.schema import number_takes
from mmskanon.datasets.splits import sample_name
from mmskanon.registry import MODELS
from mmskanon.skeletons.donors import DonorIndex
from mmskanon.skeletons.dtw import frames_at
from mmskanon.skeletons.habits import (
    MOST_STRENGTH,
    Balance,
    alike,
    balance,
    excess,
    habits,
)
from mmskanon.skeletons.kinematics import split_length
from mmskanon.skeletons.layouts import SkeletonLayout

from .class_habits import ClassHabits, without_habit
from .k_same import ALIGNED_FRAMES, KSameAnonymizer

_COMPARED_DONORS = 16  # of a class, by which the strength is chosen
_LENT = 64  # most clips of a class whose timing is lent to others


@MODELS.register_module()
class CentredTimingAnonymizer(KSameAnonymizer):
    """k-same motion whose timing differs from clip to clip as before, and no longer from person to person.

    :class:`KSameAnonymizer` follows the timing of the clip, and how people time an action is a habit that tells them apart. Whoever
    releases a collection knows which clips show the same person, and can take out what those have in common. With p_id the path of
    clip i through donor d (:func:`~mmskanon.skeletons.motion_average.align`), s its person and c its class,

        p'_id = p_id - a_c E_c (mean_{j of s in c} p_jd - mean_{s'} mean_{j of s' in c} p_jd)

    its change against p made smooth, and p' monotone; donors are read along p'. E_c takes out what people differ by beyond the differences that means of as many takes
    have by chance (:func:`~mmskanon.skeletons.habits.excess`). The strength a_c in [0, 1.5] is found for each class such that, over the collection,
    different takes of a person are no more alike than clips of different people
    (:func:`~mmskanon.skeletons.habits.balance`): by the cosine of bone directions less their mean over time, and of the
    speeds of the bones, in the mean over donors. Were paths all there is to it, it would be 1. More would leave a trace again, since deviations from a mean of few clips
    add up to nothing.

    Where a likeness A > ``tolerance`` is left (rhythmic actions, whose alignments jump between cycles, have habits that are no offset of a path), clips exchange their timing: with
    probability 1 - sqrt(tolerance / A) a clip gets the timing of a clip of somebody else who is seen in the class, without the habit of that person.
    Two clips of a person then show both their own timing in a share tolerance / A of the cases. After randomized response (Warner, Journal of the American
    Statistical Association 60(309), 1965).

    Own method, 2026; after k-same motion, and nearest to nuisance attribute projection in speaker recognition (Solomonoff, Campbell,
    Boardman, ICASSP 2005), which also estimates from labelled recordings what varies with the wrong thing and takes it out.

    **No guarantee.** Habits that are not offsets of the path (a person who varies more than others), actions that the recognizer
    misreads in a manner of the person, number of frames and gaps remain. Clips anonymized later, or another collection of the same people,
    have to be centred together with the first to be no more alike.

    Calls need ``subjects``, as ``tools/anonymize.py`` gives them from the annotations.

    Args:
        recognizer (dict): See :class:`ClassConditionalAnonymizer`.
        collection (dict): The clips to be released, all of them, with subjects: ``dict(ann_file=..., split=...)`` as
            ``population``. Measured when the anonymizer is built: one alignment for each clip and donor of its class.
        strength (float, optional): How much of that is taken out, in [0, 1.5], the same for all classes. Defaults to None, found as above.
        tolerance (float, optional): Likeness of clips of a person beyond which clips of a class exchange their timing, see above. None lets every clip keep its own. Without
            effect where ``strength`` is given. Defaults to 0.05.
        donors_per_class (int): Most clips of a class that are donors, spread over people, so that large galleries do not have to be
            aligned with large collections as a whole. Defaults to 32.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`; three-dimensional. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        **kwargs: See :class:`KSameAnonymizer`.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: See :class:`KSameAnonymizer`; also if a number makes no sense, a clip of the collection has no subject, or nobody repeats an
            action in it and no strength is given; in calls, if the collection lacks a subject.
    """

    def __init__(
        self,
        recognizer: Mapping,
        collection: Mapping,
        strength: float | None = None,
        tolerance: float | None = 0.05,
        donors_per_class: int = 32,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        **kwargs,
    ) -> None:
        super().__init__(recognizer, layout=layout, num_person=num_person, **kwargs)
        name = type(self).__name__
        if strength is not None and not (
            math.isfinite(strength) and 0 <= strength <= MOST_STRENGTH
        ):
            raise ValueError(f'{name}: strength must be in [0, {MOST_STRENGTH}], found {strength}')
        if tolerance is not None and not (math.isfinite(tolerance) and tolerance > 0):
            raise ValueError(f'{name}: tolerance must be a number > 0, found {tolerance}')
        if type(donors_per_class) is not int or donors_per_class < self.k:
            raise ValueError(
                f'{name}: donors_per_class must be an integer of at least k={self.k}, found {donors_per_class!r}'
            )
        self.asks_for_subject = True
        self.tolerance = tolerance
        self._donors = DonorIndex(
            self.labels.tolist(), self.subjects.tolist(), most=donors_per_class
        )
        clips = population_clips(collection, self.layout, f'{name}.collection')
        if None in clips.subjects:
            at = clips.samples[clips.subjects.index(None)]['frame_dir']
            raise ValueError(
                f'{clips.ann_file}: sample {at} of the collection has no subject, so nothing tells which clips show the same person: give every '
                'sample the key subject'
            )
        self._known = set(clips.subjects)
        self._names = {sample_name(sample) for sample in clips.samples}
        self._where = clips.ann_file
        self._habits = self._measure_habits(clips, strength)

    @torch.no_grad()
    def _measure_habits(
        self, clips: PopulationClips, strength: float | None
    ) -> dict[int, ClassHabits]:
        """Align every clip of the collection with the donors of its class."""
        members: dict[int, list[int]] = {}
        found: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        known = clips.takes
        # On a terminal only.
        for index in tqdm(range(len(clips)), desc='habits', unit='clip', disable=None):
            whole = self._whole(clips[index])
            if not whole.any():
                continue
            clip = whole.numpy()
            scores = self.read_actions(whole.to(self.rest)[None])
            if not self.knows(scores):
                continue
            ranking = scores[0].argsort(descending=True).tolist()
            label = next(c for c in ranking if self._donors.people(c) >= self.k)
            own, there = self._read(clip)
            donors = self._donors.clips(label)
            paths = self._paths(own, there, donors)
            # A clip is never read along itself, nor along another view of its take.
            take = self._take_numbers.get(known[index])
            usable = [not (self.exclude_self and self._is_own(own, there, d, take)) for d in donors]
            found[index] = paths.cpu().numpy(), np.array(usable)
            members.setdefault(label, []).append(index)
        if not found:
            raise ValueError(
                f'{clips.ann_file}: the recognizer knows no action of the collection with unknown_share {self.unknown_share}, so there are no habits '
                'to measure: lower it, or give a recognizer that was trained on such clips'
            )
        takes = number_takes(clips.samples)
        measured, balances = {}, {}
        for label, indices in members.items():
            subjects = [clips.subjects[i] for i in indices]
            rows = {s: row for row, s in enumerate(dict.fromkeys(subjects))}
            people = np.array([rows[s] for s in subjects])
            paths = np.stack([found[i][0] for i in indices])
            usable = np.stack([found[i][1] for i in indices])
            offsets, mean = habits(paths, people, usable)
            repeated = [takes[i] for i in indices]
            offsets = excess(offsets, mean, paths, people, usable, repeated)
            if strength is None:
                balances[label] = self._balance(
                    label, paths, offsets[people], usable, people, repeated
                )
            some = np.random.default_rng(label).permutation(len(paths))[:_LENT]
            lent = dict(
                lent=torch.from_numpy(paths[some]),
                usable=usable[some],
                lenders=tuple(subjects[i] for i in some),
            )
            measured[label] = rows, offsets, mean, lent
        return self._habits_of(measured, balances, strength)

    def _balance(
        self,
        label: int,
        paths: np.ndarray,
        offsets: np.ndarray,
        usable: np.ndarray,
        people: np.ndarray,
        takes: list[Hashable],
    ) -> Balance | None:
        """How much of the habits of one class to take out; paths and offsets of its n clips are of shape (n, D, 64), what is usable (n, D)."""
        donors = self._donors.clips(label)[:_COMPARED_DONORS]
        columns = slice(len(donors))

        def likeness(strength: float) -> float | None:
            spaces = self._describe(
                donors, paths[:, columns], strength * offsets[:, columns], usable[:, columns]
            )
            found = [alike(space, people, takes) for space in spaces]
            return None if None in found else sum(found)

        return balance(likeness)

    def _describe(
        self, donors: Sequence[int], paths: np.ndarray, habits: np.ndarray, usable: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What n clips look like without habits, both (n, D, 64): course of the directions and speed, shape (n, ...)."""
        both = (torch.from_numpy(x).to(self.rest).flatten(0, 1) for x in (paths, habits))
        along = without_habit(*both, self.smoothing).unflatten(0, paths.shape[:2])
        weight = torch.from_numpy(usable).to(self.rest)
        total = 0
        for column, donor in enumerate(donors):
            start, end = self._spans[donor]
            at = along[:, column] * ((end - start - 1) / (ALIGNED_FRAMES - 1))
            motion = frames_at(self.directions[start:end], at.flatten()).unflatten(0, at.shape)
            total = total + motion * weight[:, column, None, None, None, None]
        mean = split_length(total)[0]
        course = (mean - mean.mean(1, keepdim=True)).flatten(1)
        speed = mean.diff(dim=1).norm(dim=-1).flatten(1)
        return course.cpu().double().numpy(), speed.cpu().double().numpy()

    def _habits_of(
        self,
        measured: Mapping[int, tuple[dict, np.ndarray, np.ndarray, dict]],
        balances: Mapping[int, Balance | None],
        given: float | None,
    ) -> dict[int, ClassHabits]:
        """The habits with their strength and the share of clips that exchange their timing; classes that nobody repeats get the mean of the others."""
        seen = [b for b in balances.values() if b is not None]
        if given is None and not seen:
            raise ValueError(
                f'{self._where}: nobody in the collection shows an action twice, so how alike clips of a person are cannot be seen: set '
                'strength, or release more recordings'
            )
        shares = {label: self._share(b) for label, b in balances.items() if b is not None}
        if given is None:
            rest = float(np.mean([b.strength for b in seen])), float(np.mean(list(shares.values())))
        else:
            rest = given, 0.0
        alone = sorted(label for label, b in balances.items() if b is None)
        if alone:
            print_log(
                f'{self._where}: of the classes {alone} nobody, or a single person, has several takes; {rest[0]:.2f} of the habits is taken out '
                f'there and {rest[1]:.0%} of the clips exchange their timing, as elsewhere on average',
                logger='current',
                level=logging.WARNING,
            )
        made = {}
        for label, (rows, offsets, mean, lent) in measured.items():
            own = balances.get(label)
            strength, exchanged = rest if own is None else (own.strength, shares[label])
            made[label] = ClassHabits(
                rows,
                {donor: i for i, donor in enumerate(self._donors.clips(label))},
                torch.as_tensor(offsets, dtype=torch.float32),
                torch.as_tensor(mean, dtype=torch.float32),
                strength,
                self.smoothing,
                exchanged,
                **lent,
            )
        return made

    def _share(self, balance: Balance) -> float:
        """Share of the clips of a class that exchange their timing, so that clips of a person are alike by no more than the tolerance."""
        if self.tolerance is None or balance.likeness <= self.tolerance:
            return 0.0
        return 1 - math.sqrt(self.tolerance / balance.likeness)

    def check_collection(self, samples: Sequence[Mapping], file: str) -> None:
        """Make sure that an annotation file is the collection: elsewhere the same number may be another person.

        Args:
            samples (Sequence[Mapping]): Its samples, or their heads.
            file (str): Its name, for the messages.

        Raises:
            ValueError: If the collection has none of its samples.
        """
        others = sum(sample_name(sample) not in self._names for sample in samples)
        if not others:
            return
        found = f'{others} of the {len(samples)} samples of {file} are not in the collection {self._where}'
        advice = 'name the file that is released as collection.ann_file'
        if others == len(samples):
            raise ValueError(
                f'{type(self).__name__}: {found}, whose people may be others of the same number: {advice}'
            )
        print_log(
            f'{found}, so they do not count for the habits of their people: {advice}',
            logger='current',
            level=logging.WARNING,
        )

    def _adjust(
        self,
        paths: Tensor,
        donors: Sequence[int],
        subject: Hashable | None,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Take the habits of the subject out of paths (k, 64)."""
        if subject not in self._known:
            raise ValueError(
                f'{type(self).__name__}: the collection {self._where} has no clip of subject {subject!r}, so the habits of that person are not known: '
                'name the file that is released as collection.ann_file'
            )
        habit = self._habits.get(int(self.labels[donors[0]]))
        # A class that no clip of the collection was read as: nothing to centre by.
        return paths if habit is None else habit.remove(paths, donors, subject, generator)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        strengths, shares = zip(
            *((habit.strength, habit.exchanged) for habit in self._habits.values()), strict=True
        )
        return (
            f'{super().extra_repr()}, strength={min(strengths):.2f} to {max(strengths):.2f}, '
            f'exchanged={min(shares):.2f} to {max(shares):.2f}'
        )
