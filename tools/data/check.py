# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Check an annotation file, print the problems found, count them, and say what the file holds. The exit code is 1 if one of them is an error.

Keypoints that an index of single samples (--per-sample of ntu.py) lacks are read from the folder of its name.

With --release-of, search a file that is to be published, and the provenance beside it, for whatever names somebody of the original.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mmskanon.collection import RecordingSource, find_raw_traces, read_originals
from mmskanon.datasets.check import (
    AnnotationFacts,
    Problem,
    check_annotations,
    check_structure,
    raise_errors,
)
from mmskanon.datasets.schema import complete_annotations
from mmskanon.datasets.splits import sample_name
from mmskanon.io import AnnotationFile, load_annotations
from mmskanon.release import (
    HARMLESS,
    Finding,
    digest_of_joints,
    names_of,
    provenance_path,
    scan_annotations,
    scan_provenance_file,
    seek,
    told,
)
from mmskanon.skeletons.layouts import LAYOUTS
from mmskanon.utils import run_tool

SHOWN = 10
"""int: Problems of a kind that are printed; one fault of a converter is in every sample."""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'ann_file',
        help='annotation file (.pkl); with --release-of also a folder or .zip of recordings',
    )
    parser.add_argument(
        '--layout', choices=sorted(LAYOUTS), help='skeleton layout that the joints must fit'
    )
    parser.add_argument(
        '--attributes',
        nargs='+',
        default=[],
        metavar='NAME',
        help='private attributes that each sample must have, such as subject gender',
    )
    parser.add_argument(
        '--attribute-files',
        nargs='+',
        default=[],
        metavar='CSV',
        help='CSV files subject,<attribute> that supply further attributes',
    )
    parser.add_argument(
        '--splits', nargs='+', metavar='NAME', help='splits to compare with their training part'
    )
    parser.add_argument('--num-person', type=int, help='persons that the pipeline keeps')
    parser.add_argument('--clip-len', type=int, help='frames of a clip')
    parser.add_argument(
        '--all',
        action='store_true',
        help=f'print every problem, not only the first {SHOWN} of each kind',
    )
    parser.add_argument(
        '--release-of',
        metavar='ORIGINAL',
        help='search for names, values of private attributes and the like of this original (.pkl, folder or .zip)',
    )
    parser.add_argument(
        '--keep',
        nargs='+',
        default=[],
        metavar='KEY',
        help='with --release-of: keys that were published on purpose',
    )
    return parser.parse_args(argv)


def find_problems(args: argparse.Namespace) -> tuple[list[Problem], int, str]:
    """Read and check the file.

    Args:
        args (argparse.Namespace): The command line.

    Returns:
        tuple[list[Problem], int, str]: All problems, the number of samples, and what they are.
    """
    with AnnotationFile(args.ann_file) as file:
        data = file.outline()
        annotations = data.get('annotations') if isinstance(data, dict) else data
        if not isinstance(annotations, list):
            return check_structure(data, args.ann_file), 0, ''
        samples, folder = file, Path(args.ann_file).with_suffix('')
        heads = (head for head in annotations if isinstance(head, dict))
        if folder.is_dir() and not any('keypoint' in head for head in heads):
            samples = with_keypoints(file, folder)
        facts = AnnotationFacts()
        complete_annotations(annotations, args.attribute_files)
        problems = check_annotations(
            data,
            args.ann_file,
            args.layout,
            args.attributes,
            args.splits,
            args.num_person,
            args.clip_len,
            facts.watch(samples),
        )
    return problems, len(annotations), facts.tell(annotations)


def with_keypoints(samples: Iterable[Any], folder: Path) -> Iterator[Any]:
    """Add to samples what the files of single samples hold.

    Args:
        samples (Iterable[dict]): Samples without keypoints.
        folder (Path): Folder of the files, each named like its sample.

    Yields:
        dict: The samples; one that has no file as it is.
    """
    for sample in samples:
        path = folder / f'{sample_name(sample) if isinstance(sample, dict) else None}.pkl'
        content = load_annotations(path) if path.is_file() else None
        yield {**sample, **content} if isinstance(content, dict) else sample


def print_problems(problems: Sequence[Problem], most: int | None) -> Counter:
    """Print a sentence for each problem, and for each kind how many were left out.

    Args:
        problems (Sequence[Problem]): The problems.
        most (int, optional): How many of each kind to print; None for all.

    Returns:
        Counter: Number of problems by level and kind.
    """
    counts = Counter()
    for problem in problems:
        counts[problem.level, problem.kind] += 1
        if most is None or counts[problem.level, problem.kind] <= most:
            print(f'{problem.level}: {problem}')
    for (level, kind), number in counts.items():
        if most is not None and number > most:
            print(f'{level}: {kind}: {number - most} more of this kind; --all prints them')
    return counts


def is_raw(path: str) -> bool:
    """Whether a path is that of raw recordings: a folder or a zip archive."""
    return Path(path).is_dir() or path.lower().endswith('.zip')


def find_traces(args: argparse.Namespace, unread: list[str]) -> list[Finding]:
    """Search a release, and its provenance if that lies beside it.

    Args:
        args (argparse.Namespace): The command line.
        unread (list[str]): Gets a sentence for each recording of the original that cannot be read.

    Returns:
        list[Finding]: What was found.
    """
    if is_raw(args.ann_file):
        return find_raw_traces(args.ann_file, args.release_of, args.keep, unread)
    if is_raw(args.release_of):
        source = RecordingSource(args.release_of)
        original: list | dict = source.outline()
        joints = {
            digest_of_joints(recording.keypoint): name
            for name, _, recording in read_originals(source, unread)
            if recording is not None
        }
    else:
        with AnnotationFile(args.release_of) as file:
            original = file.outline()
            joints = {digest_of_joints(s.get('keypoint')): sample_name(s) for s in file}
    joints.pop(None, None)
    raise_errors(check_structure(original, args.release_of))
    samples = original['annotations'] if isinstance(original, dict) else original
    complete_annotations(samples)
    sought = seek(original, HARMLESS.union(args.keep))
    before = dict(
        names=names_of(samples, original.get('split') if isinstance(original, dict) else None),
        subjects={str(s['subject']) for s in samples if s.get('subject') is not None},
        joints=joints,
    )
    findings = scan_annotations(args.ann_file, sought, args.keep, before)
    beside = provenance_path(args.ann_file)
    if beside.exists():
        findings += scan_provenance_file(beside, sought)
    return findings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the check.

    Args:
        argv (Sequence[str], optional): The command line. Defaults to None, that of the process.

    Returns:
        int: Exit code, 1 with errors, else 0.
    """
    args = parse_args(argv)
    try:
        if args.release_of is not None:
            unread: list[str] = []
            findings = find_traces(args, unread)
            for line in told(findings, None if args.all else SHOWN):
                print(f'error: {line}')
            for line in unread if args.all else unread[:SHOWN]:
                print(f'warning: not searched for: {line}')
            if unread:
                print(
                    f'{len(unread)} recordings of {args.release_of} cannot be read; their joints and bodies were not searched for'
                )
            print(f'{args.ann_file}: {len(findings)} traces of {args.release_of}')
            return int(bool(findings))
        problems, num_samples, facts = find_problems(args)
    except (OSError, KeyError, TypeError, ValueError) as error:
        print(error.args[0] if isinstance(error, KeyError) else error, file=sys.stderr)
        return 1
    counts = print_problems(problems, None if args.all else SHOWN)
    if counts:
        table = Table('level', 'kind', 'number')
        for (level, kind), number in sorted(counts.items()):
            table.add_row(level, kind, str(number))
        Console().print(table)
    errors = sum(p.level == 'error' for p in problems)
    print(
        f'{args.ann_file}: {num_samples} samples, {errors} errors, {len(problems) - errors} warnings'
    )
    if num_samples:
        print(facts)
    return int(errors > 0)


if __name__ == '__main__':
    run_tool(main)
