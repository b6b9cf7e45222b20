# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""k-same motion: every clip becomes the average of k people who do the same, along its own timing."""

from __future__ import annotations

import logging
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import fields
from functools import partial

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from mmskanon.datasets.population_clips import PopulationClips, population_clips
from mmskanon.datasets.schema import number_takes
from mmskanon.registry import MODELS
from mmskanon.skeletons.donors import DonorIndex
from mmskanon.skeletons.dtw import frames_at
from mmskanon.skeletons.gallery import Gallery, load_gallery
from mmskanon.skeletons.gaps import fill_gaps, occupied_span
from mmskanon.skeletons.geometry import body_mask
from mmskanon.skeletons.kinematics import inverse_kinematics, joint_mask
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.motion_average import (
    align,
    average_motion,
    is_part_of,
    match_orientation,
    timing_features,
    warped_time,
)
from mmskanon.skeletons.part_donors import PartDonors

from .chance import clip_generator
from .class_conditional import ClassConditionalAnonymizer

ALIGNED_FRAMES = 64
"""int: Frames that clips are resampled to for alignment; band, smoothing and warp noise count in them."""


@MODELS.register_module()
class KSameAnonymizer(ClassConditionalAnonymizer):
    """Replace every clip by the average of clips of k different people of a gallery, aligned to it in time, on canonical bones.

    The idea is that of k-same face de-identification (Newton, Sweeney, Malin, "Preserving Privacy by De-identifying Face Images",
    IEEE Transactions on Knowledge and Data Engineering 17(2), 2005), with differences: donors are drawn at random among people who
    show the same action, not the k nearest; clips are not partitioned into groups that share one output; and each output follows
    the timing of its source. So **k is the number of people mixed, not a guarantee of k-anonymity**.

    1. Class c: the recognizer's most probable one of which the gallery has donors. 2. k people of the gallery who show c, drawn
    with equal chances, and one clip of each. 3. Each donor is aligned to the clip by dynamic time warping
    (:func:`~mmskanon.skeletons.dtw.dtw`) of bone directions turned to the population's rest pose, over 64 frames; the path is
    averaged for each frame of the clip and smoothed. 4. Bone directions and path of the centre joint of the donors, read along
    the path, are averaged with equal weights, and bodies are built on the population's median bones. With several persons, all
    follow one common path, found on the persons that the clip shows; persons are taken in the order of the file.

    5. The result is turned as a whole until it stands as the clip does on average (``keep_orientation``).

    **Actions that the recognizer does not know** (``unknown_share``): where its most probable class is less probable than for all but that share
    of the population's clips, step 1 falls away; k people other than the person shown (all others, where there are fewer) are drawn, and steps 2
    and 3 done for each part of the body by itself (:class:`~mmskanon.skeletons.part_donors.PartDonors`): a person lends to it the clip
    in which that part moves most alike, whatever it shows.

    Number of frames, absent frames and absent joints are those of the clip. Of its movement, class, timing and mean orientation go
    into the output, and no pose. Chance comes from PyTorch's generator of the CPU, so
    ``torch.manual_seed`` governs it. No gradient reaches the input. Cost does not depend on the size of the gallery, but for unknown actions.

    Expects body space as ``NormalizeSkeleton`` makes it with ``rotate=True``.

    Args:
        recognizer (dict): See :class:`ClassConditionalAnonymizer`.
        k (int): Number of donors, at least 2. Defaults to 4.
        population (dict, optional): The training clips to draw from, see :class:`CanonicalBonesAnonymizer`. Defaults to None.
        gallery (str, optional): Instead of ``population``, a file of ``tools/gallery.py``. Defaults to None.
        clip_len (int, optional): See :class:`ClassConditionalAnonymizer`. Defaults to None.
        band (int): Largest shift of the alignment, in frames out of 64. Defaults to 24.
        penalty (float): Added to the squared distance for each step that is not diagonal. Defaults to 0.02.
        smoothing (float): Standard deviation of the Gaussian that smooths the path, in frames out of 64. Defaults to 2.
        warp_noise (float): Standard deviation of a smooth random change of time, the same for all donors of a clip, in frames out
            of 64. Defaults to 0.
        keep_orientation (bool): Whether the output is turned by the one rotation that brings it closest to the clip: body space is
            upright by the spine of one frame, which leans differently for everybody. Normalizing the output again takes that
            rotation out. Defaults to True.
        exclude_self (bool): Whether a clip of the gallery of which the input is made, of its frames or what lies between them, is never a
            donor of it. Found by its poses (:func:`~mmskanon.skeletons.motion_average.is_part_of`). Neither is then another camera's
            view of the same performance (:func:`~mmskanon.datasets.schema.take_key`), as far as ``population`` tells takes and either
            one of its views is found so, or the call gives ``takes``; a gallery file does not tell them. Defaults to True.
        exclude_own_subject (bool): Whether the person of the clip is never a donor. Calls then need ``subjects``, as
            ``tools/anonymize.py`` gives them from the annotations; people outside the gallery have none to exclude. Needs
            ``population``, since a gallery file does not tell who is who. It keeps out all views of the own performance too, however a
            clip is known. Defaults to False.
        unknown_share (float): Share of the population's clips whose action counts as unknown, in [0, 1), and with them that of every clip whose most
            probable class is less probable than theirs (Hendrycks and Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution
            Examples in Neural Networks", ICLR 2017, arXiv 1610.02136). Calls then need ``subjects``, and the anonymizer ``population``.
            Defaults to 0, every action counts as known.
        seed (int, optional): If given, equal clips get equal donors, whatever else is in the batch. For tests and repeatable
            exports: who knows the seed and the gallery can find out who was mixed. Defaults to None, a fresh draw each time.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`; three-dimensional. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        FileNotFoundError: If a checkpoint, the file of the population or the gallery is not there.
        ValueError: If the recognizer does not fit, the layout is two-dimensional, a number makes no sense, not exactly one of
            ``population`` and ``gallery`` is given, or no action is shown by enough people.
    """

    draws = True

    def __init__(
        self,
        recognizer: Mapping,
        k: int = 4,
        population: Mapping | None = None,
        gallery: str | None = None,
        clip_len: int | None = None,
        band: int = 24,
        penalty: float = 0.02,
        smoothing: float = 2.0,
        warp_noise: float = 0.0,
        keep_orientation: bool = True,
        exclude_self: bool = True,
        exclude_own_subject: bool = False,
        unknown_share: float = 0.0,
        seed: int | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(recognizer, clip_len, layout, num_person, num_coords, init_cfg)
        name = type(self).__name__
        for key, value, least in (('k', k, 2), ('band', band, 0)):
            if type(value) is not int or value < least:
                raise ValueError(
                    f'{name}: {key} must be an integer of at least {least}, found {value!r}'
                )
        for key, value in dict(penalty=penalty, smoothing=smoothing, warp_noise=warp_noise).items():
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f'{name}: {key} must be a finite number >= 0, found {value}')
        if not 0 <= unknown_share < 1:
            raise ValueError(f'{name}: unknown_share must be in [0, 1), found {unknown_share}')
        self.k, self.band, self.penalty = k, band, penalty
        self.smoothing, self.warp_noise, self.seed = smoothing, warp_noise, seed
        self.keep_orientation = keep_orientation
        self.exclude_self, self.exclude_own_subject = exclude_self, exclude_own_subject
        self.unknown_share, self.least_confidence = unknown_share, 0.0
        self.asks_for_subject = exclude_own_subject or unknown_share > 0
        self._numbers: dict[Hashable, int] = {}
        self._take_numbers: dict[Hashable, int] = {}
        loaded, where = self._open(population, gallery)
        # Not in the state dict: a checkpoint would hand out the motions of the gallery.
        for field in fields(Gallery):
            self.register_buffer(field.name, getattr(loaded, field.name), persistent=False)
        self._donors = DonorIndex(loaded.labels.tolist(), loaded.subjects.tolist())
        self._spans = list(zip(loaded.starts.tolist(), loaded.starts[1:].tolist(), strict=False))
        takes = loaded.takes
        self._take_of = list(range(len(loaded))) if takes is None else takes.tolist()
        self._views: dict[int, list[int]] = {}
        for clip, take in enumerate(self._take_of):
            self._views.setdefault(take, []).append(clip)
        self.asks_for_take = exclude_self and bool(self._take_numbers)
        self._check_people(loaded, where)
        self._part_donors = None
        if unknown_share:
            motions = [loaded.directions[slice(*span)] for span in self._spans]
            people = loaded.subjects.tolist()
            self._part_donors = PartDonors(
                motions, people, loaded.rest, self.layout, ALIGNED_FRAMES, band, penalty, smoothing
            )

    def _open(self, population: Mapping | None, gallery: str | None) -> tuple[Gallery, str]:
        """The gallery and the name of its file."""
        name = type(self).__name__
        if (population is None) == (gallery is None):
            raise ValueError(f'{name} needs a population or a gallery, one of them')
        if gallery is not None:
            if self.asks_for_subject:
                key = 'exclude_own_subject' if self.exclude_own_subject else 'unknown_share'
                raise ValueError(
                    f'{name}: {key} needs a population, since the gallery {gallery} does not tell who is who'
                )
            return load_gallery(gallery, self.layout, self.num_person), gallery
        clips = population_clips(population, self.layout, name)
        self._numbers = {s: i for i, s in enumerate(dict.fromkeys(clips.subjects))}
        numbered = zip(clips.takes, number_takes(clips.samples), strict=True)
        self._take_numbers = {take: number for take, number in numbered if take is not None}
        if self.unknown_share:
            self.least_confidence = self._quantile(clips)
        return clips.gallery(self.num_person), clips.ann_file

    def _quantile(self, clips: PopulationClips) -> float:
        """Confidence of which the recognizer has less in the unknown share of a population."""
        scores = [self.read_actions(self._whole(clips[i])[None]) for i in range(len(clips))]
        return float(self.confidence(torch.cat(scores)).quantile(self.unknown_share))

    def _check_people(self, gallery: Gallery, where: str) -> None:
        name, classes = type(self).__name__, self.recognizer.num_classes
        if not 0 <= int(gallery.labels.min()) <= int(gallery.labels.max()) < classes:
            raise ValueError(
                f'{where}: the gallery has a clip of class {int(gallery.labels.max())}, the recognizer tells {classes} classes apart: use a '
                f'recognizer trained on these data'
            )
        needed = self.k + self.exclude_own_subject
        if self._donors.most_people() < needed:
            raise ValueError(
                f'{where}: {name} with k={self.k} needs {needed} different people who show the same action, the gallery has {gallery.num_subjects} '
                f'subject(s) and at most {self._donors.most_people()} of them in one class: lower k, or choose data of more people'
            )
        if self.unknown_share and gallery.num_subjects < 3:
            raise ValueError(
                f'{where}: {name} with unknown_share needs 3 people, since nobody is a donor of an unknown action of their own, the gallery has '
                f'{gallery.num_subjects}: choose data of more people'
            )
        few = [c for c in range(classes) if self._donors.people(c) < needed]
        if few:
            print_log(
                f'{where}: fewer than {needed} people of the gallery show the classes {few}; clips recognized as these get donors of the next most '
                'probable class',
                logger='current',
                level=logging.WARNING,
            )

    def forward(
        self,
        x: Tensor,
        subjects: Sequence[Hashable] | None = None,
        takes: Sequence[Hashable | None] | None = None,
    ) -> Tensor:
        """Anonymize a batch of skeletons.

        Args:
            x (Tensor): Skeletons of shape (N, M, T, V, C), see :class:`BaseAnonymizer`.
            subjects (Sequence, optional): Subject of each clip as the population names it; looked at only with
                ``exclude_own_subject``. Defaults to None.
            takes (Sequence, optional): Performance that each clip shows as :func:`~mmskanon.datasets.schema.take_key` gives it, None where
                it is not known; looked at only with ``exclude_self``. Defaults to None, not known.

        Returns:
            Tensor: Anonymized skeletons, same shape.

        Raises:
            ValueError: If subjects are needed and not given, takes are not one for each clip, or donors run out.
        """
        if self.asks_for_subject and (subjects is None or len(subjects) != len(x)):
            raise ValueError(
                f'{type(self).__name__} needs the subject of each of the {len(x)} clips, found {subjects!r}: export with tools/anonymize.py, or '
                'call it with subjects=[...]'
            )
        if takes is not None and len(takes) != len(x):
            raise ValueError(
                f'{type(self).__name__}: expected the takes of {len(x)} clips, found {len(takes)}: give one for each clip, None where it is not known'
            )
        return self._anonymize(x, partial(self.transform, subjects=subjects, takes=takes))

    @torch.no_grad()
    def transform(
        self,
        coords: Tensor,
        present: Tensor,
        subjects: Sequence[Hashable] | None = None,
        takes: Sequence[Hashable | None] | None = None,
    ) -> Tensor:
        """Replace ``coords``, shape (N, M, T, V, 3)."""
        scores = self.read_actions(coords)
        ranking, known = scores.argsort(-1, descending=True).tolist(), self.knows(scores).tolist()
        out = torch.zeros_like(coords)
        for row, clip in enumerate(coords.cpu().numpy().astype(np.float32)):
            span = occupied_span(clip)
            if span is not None:
                subject = subjects[row] if self.asks_for_subject else None
                take = None if takes is None else self._take_numbers.get(takes[row])
                classes = ranking[row] if known[row] else ()
                out[row, :, span] = self._replace(clip, classes, subject, take).to(coords)
        return torch.where(joint_mask(coords), out, 0)

    def _replace(
        self,
        clip: np.ndarray,
        ranking: Sequence[int],
        subject: Hashable | None,
        take: int | None,
    ) -> Tensor:
        """The new motion of one clip (M, T, V, 3), for the frames between its first and its last person.

        ``ranking`` has the classes, the most probable one first, or none where the action is not known.
        """
        own, shown = self._read(clip)
        generator = clip_generator(self.seed, clip)
        person, lent = self._numbers.get(subject), None
        if ranking:
            without = person if self.exclude_own_subject else None
            donors = self._draw(own, shown, ranking, generator, without, take)
            positions = self._timing(own, shown, donors, generator, subject)
        else:
            donors, positions, lent = self._by_parts(own, shown, generator, person, take)
        spans = [slice(*self._spans[donor]) for donor in donors]
        directions = [self.directions[span] for span in spans]
        centers = [self.centers[span] for span in spans]
        bodies = average_motion(directions, centers, positions, self.lengths, self.layout, lent)
        if not self.keep_orientation:
            return bodies
        return match_orientation(bodies, shown, own, self.lengths, self.layout)

    def knows(self, scores: Tensor) -> Tensor:
        """Tell which actions the recognizer knows.

        Args:
            scores (Tensor): Logits of shape (N, K).

        Returns:
            Tensor: Whether the most probable class of each is probable enough, shape (N,).
        """
        if not self.unknown_share:
            return torch.ones(len(scores), dtype=torch.bool)
        return self.confidence(scores) >= self.least_confidence

    @staticmethod
    def confidence(scores: Tensor) -> Tensor:
        """Probability of the most probable class, shape (N,), of logits (N, K)."""
        return scores.float().softmax(-1).amax(-1)

    def _whole(self, clip: np.ndarray) -> Tensor:
        """A clip of a population, (m, T, V, C), for as many persons as the recognizer takes: (M, T, V, 3)."""
        whole = np.zeros((self.num_person, *clip.shape[1:3], 3), np.float32)
        shown = clip[: self.num_person, ..., :3]
        whole[: len(shown)] = shown
        return torch.from_numpy(whole)

    def _by_parts(
        self,
        own: Tensor,
        shown: Tensor,
        generator: torch.Generator | None,
        person: int | None,
        take: int | None,
    ) -> tuple[list[int], list[Tensor], Tensor]:
        """Donors of each part of the body, k for each, the frames of each at those of the clip, and which bones each lends (parts k, V)."""
        people = [p for p in self._part_donors.people if p != person]
        k = min(self.k, len(self._part_donors.people) - 1)
        drawn = torch.randperm(len(people), generator=generator).tolist()
        found = self._part_donors.find(
            own,
            shown,
            lambda donor: self.directions[slice(*self._spans[donor])][:, shown],
            (people[i] for i in drawn),
            k,
            lambda donor: self.exclude_self and self._is_own(own, shown, donor, take),
        )
        if found is None:
            raise self._no_donors()
        time = warped_time(len(own), ALIGNED_FRAMES, self.warp_noise, generator).to(self.rest)
        donors, positions = [], []
        lent = torch.zeros(len(found) * k, len(self.rest), dtype=torch.bool)
        for part, (chosen, paths) in zip(self._part_donors.parts, found, strict=True):
            lent[len(donors) : len(donors) + k, part] = True
            donors += chosen
            positions += [self._frames(p, d, time) for p, d in zip(paths, chosen, strict=True)]
        return donors, positions, lent.to(self.rest.device)

    def _read(self, clip: np.ndarray) -> tuple[Tensor, Tensor]:
        """Bone directions (T', M', V, 3) of the persons that a clip (M, T, V, 3) shows, gaps filled, and which those are (M,)."""
        shown = torch.from_numpy(body_mask(clip).any(axis=1)).to(self.rest.device)
        whole = torch.from_numpy(fill_gaps(clip, self.num_person, self.layout)).to(self.rest)
        return inverse_kinematics(whole.transpose(0, 1), self.layout)[1][:, shown], shown

    def _timing(
        self,
        own: Tensor,
        shown: Tensor,
        donors: Sequence[int],
        generator: torch.Generator | None,
        subject: Hashable | None,
    ) -> list[Tensor]:
        """For each donor its frame, a fraction, at each frame of a clip with the directions ``own`` (T, M', V, 3): list of (T,)."""
        paths = self._adjust(self._paths(own, shown, donors), donors, subject, generator)
        time = warped_time(len(own), ALIGNED_FRAMES, self.warp_noise, generator).to(self.rest)
        return [self._frames(path, donor, time) for path, donor in zip(paths, donors, strict=True)]

    def _paths(self, own: Tensor, shown: Tensor, donors: Sequence[int]) -> Tensor:
        """Where in each donor the frames of a clip are found, both brought to the common length: shape (k, 64)."""
        clips = [self._features(donor, shown) for donor in donors]
        source = timing_features(own, self.rest, ALIGNED_FRAMES)
        return self._align(source.expand(len(donors), -1, -1), torch.stack(clips))

    def _adjust(
        self,
        paths: Tensor,
        donors: Sequence[int],
        subject: Hashable | None,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Change the paths (k, 64) of a clip of a subject through its donors; here they stay as they are."""
        return paths

    def _features(self, donor: int, shown: Tensor) -> Tensor:
        """What a clip of the gallery is aligned by, (64, D), of the persons shown."""
        motion = self.directions[slice(*self._spans[donor])][:, shown]
        return timing_features(motion, self.rest, ALIGNED_FRAMES)

    def _align(self, sources: Tensor, targets: Tensor) -> Tensor:
        return align(sources, targets, self.band, self.penalty, self.smoothing)

    def _frames(self, path: Tensor, donor: int, time: Tensor) -> Tensor:
        """Frames of a donor at times (T,) between 0 and 63, along a path (64,) of the common length."""
        start, end = self._spans[donor]
        return frames_at(path, time) * ((end - start - 1) / (ALIGNED_FRAMES - 1))

    def _draw(
        self,
        own: Tensor,
        shown: Tensor,
        ranking: Sequence[int],
        generator: torch.Generator | None,
        person: int | None,
        take: int | None,
    ) -> list[int]:
        """k donors of the most probable class that has them, for a clip with the directions ``own`` (T, M', V, 3) of the persons shown."""

        def refuse(donor: int) -> bool:
            return self.exclude_self and self._is_own(own, shown, donor, take)

        for label in ranking:
            donors = self._donors.draw(label, self.k, refuse, generator, person)
            if donors is not None:
                return donors
        raise self._no_donors()

    def _no_donors(self) -> ValueError:
        return ValueError(
            f'{type(self).__name__}: no class of the gallery has clips of k={self.k} people left once the recording itself and its subject are excluded: '
            f'lower k, or choose data of more people'
        )

    def _is_own(self, own: Tensor, shown: Tensor, donor: int, take: int | None) -> bool:
        """Whether a clip of the gallery shows the take of a clip, or one of its views is what that one, with the directions ``own``, was made of."""
        if take == self._take_of[donor]:
            return True
        views = (self._spans[view] for view in self._views[self._take_of[donor]])
        return any(is_part_of(own, self.directions[slice(*span)][:, shown]) for span in views)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return (
            f'k={self.k}, clips={len(self.labels)}, warp_noise={self.warp_noise}, '
            f'unknown_share={self.unknown_share}, seed={self.seed}'
        )
