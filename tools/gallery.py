# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write the gallery of a k-same anonymizer to a file, so that anonymizing needs the training annotations no more.

The file has bone directions, path of the centre joint, action class and a random number for the person of each clip, in random
order, and the population's median bones. It has no names, no takes, and no bone lengths of anybody; it does have how people move, so treat
it as personal data. It does not tell which clips are views of one performance: where several cameras filmed, use a population. Use it with --cfg-options model.anonymizer.gallery=FILE model.anonymizer.population=None.
"""

import argparse

import mmskanon  # noqa: F401  installs the upstream shims before mmaction is imported

from mmskanon.datasets.population_clips import population_clips  # isort: skip
from mmskanon.skeletons.gallery import save_gallery
from mmskanon.skeletons.layouts import get_layout
from mmskanon.utils import Overrides, read_config, run_tool


def parse_args() -> argparse.Namespace:
    """Command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of a k-same anonymizer, for layout and persons')
    parser.add_argument('output', help='gallery to write (.pth)')
    parser.add_argument('--annotations', help="annotation file (.pkl), by default the config's")
    parser.add_argument('--split', help="split to take clips from, by default the config's")
    parser.add_argument('--overwrite', action='store_true', help='replace the output if it exists')
    parser.add_argument('--cfg-options', nargs='+', action=Overrides, help='overrides: key=value')
    return parser.parse_args()


def main() -> None:
    """Write a gallery."""
    args = parse_args()
    cfg = read_config(args.config, args.cfg_options)
    anonymizer = cfg.get('model', {}).get('anonymizer', {})
    population = dict(anonymizer.get('population') or {})
    if args.annotations is not None:
        population['ann_file'] = args.annotations
    if args.split is not None:
        population['split'] = args.split
    if anonymizer.get('type') not in ('KSameAnonymizer', 'mmskanon.KSameAnonymizer'):
        raise ValueError(
            f'config {args.config} has the anonymizer {anonymizer.get("type")}; give that of a KSameAnonymizer'
        )
    layout = get_layout(anonymizer.get('layout', 'nturgb+d'))
    clips = population_clips(population, layout, args.config)
    gallery = clips.gallery(anonymizer.get('num_person', 2))
    save_gallery(gallery, args.output, layout, args.overwrite)
    print(
        f'wrote {len(gallery)} of {len(clips)} clips of {gallery.num_subjects} subjects to {args.output}; the others show nobody'
        if len(gallery) < len(clips)
        else f'wrote {len(gallery)} clips of {gallery.num_subjects} subjects to {args.output}'
    )


if __name__ == '__main__':
    run_tool(main)
