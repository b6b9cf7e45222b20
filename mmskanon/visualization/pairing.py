# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Find one sample in two annotation files."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from mmskanon.release.pseudonyms import PSEUDONYM


def annotation_list(data: Mapping | Sequence, file: str) -> list[dict]:
    """Return the samples of an annotation file.

    Args:
        data (dict | list): Content of the file: ``{'annotations': [...]}`` or the bare list.
        file (str): Name of the file, for messages.

    Returns:
        list[dict]: The samples, each with a ``keypoint``.

    Raises:
        ValueError: If there are none, or one has no ``keypoint``.
    """
    annotations = data.get('annotations') if isinstance(data, Mapping) else data
    if not isinstance(annotations, Sequence) or not annotations:
        raise ValueError(
            f"{file} holds no annotations: expected a list of samples under 'annotations'"
        )
    for index, sample in enumerate(annotations):
        if not isinstance(sample, Mapping) or 'keypoint' not in sample:
            raise ValueError(f'{file}: sample {index} has no keypoint array')
    return list(annotations)


def find_sample(annotations: Sequence[Mapping], sample: str | int, file: str) -> int:
    """Return the index of a sample given by name or by index.

    Args:
        annotations (Sequence[Mapping]): The samples.
        sample (str | int): ``frame_dir``, or else an index from 0.
        file (str): Name of the file, for messages.

    Returns:
        int: Index of the sample.

    Raises:
        ValueError: If no sample has the name or the index (similar names are listed), or several have the name.
    """
    name = str(sample)
    names = [str(a.get('frame_dir')) for a in annotations]
    found = [i for i, other in enumerate(names) if other == name]
    if len(found) > 1:
        raise ValueError(
            f'{file}: {len(found)} samples are named {name!r}; choose one by index: {found[:5]}'
        )
    if found:
        return found[0]
    last = len(annotations) - 1
    if name.isascii() and name.isdigit():
        if int(name) <= last:
            return int(name)
        raise ValueError(
            f'{file} has no sample {name}: choose an index from 0 to {last}, or a name'
        )
    near = difflib.get_close_matches(name, names, n=5, cutoff=0.5) or names[:3]
    raise ValueError(
        f'{file} has no sample {name!r} among its {len(names)}: did you mean {", ".join(near)}? '
        f'Indices from 0 to {last} are accepted too'
    )


def pair_samples(
    original: Sequence[Mapping],
    anonymized: Sequence[Mapping],
    sample: str | int,
    files: tuple[str, str],
) -> tuple[Mapping, Mapping]:
    """Return one sample of the original file and its counterpart in the anonymized one.

    The counterpart has the same ``frame_dir``. Where the two files share no name at all, as after renaming, it has the same
    index, provided that the files have equally many samples and that the names are no pseudonyms of a release, whose order is another.

    Args:
        original (Sequence[Mapping]): Samples of the original file.
        anonymized (Sequence[Mapping]): Samples of the anonymized file.
        sample (str | int): Name or index in the original file.
        files (tuple[str, str]): Names of both files, for messages.

    Returns:
        tuple[Mapping, Mapping]: Original and anonymized sample.

    Raises:
        ValueError: If the sample or its counterpart cannot be found.
    """
    index = find_sample(original, sample, files[0])
    names = [
        {a['frame_dir'] for a in side if a.get('frame_dir')} for side in (original, anonymized)
    ]
    if names[0] & names[1]:
        return original[index], anonymized[
            find_sample(anonymized, _named(original[index], index, files[0]), files[1])
        ]
    if len(original) != len(anonymized):
        raise ValueError(
            f'{files[0]} with {len(original)} samples and {files[1]} with {len(anonymized)} share no frame_dir: '
            'they do not belong together'
        )
    if names[1] and all(PSEUDONYM.fullmatch(str(name)) for name in names[1]):
        raise ValueError(
            f'{files[1]} is a release: its samples have pseudonyms and come in another order than those of {files[0]}, so that index {index} would '
            'show somebody else; give a file that was made without --release, such as the candidate that was audited'
        )
    return original[index], anonymized[index]


def _named(sample: Mapping, index: int, file: str) -> str:
    name = sample.get('frame_dir')
    if not name:
        raise ValueError(f'{file}: sample {index} has no frame_dir to look it up by')
    return str(name)
