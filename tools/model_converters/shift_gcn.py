# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Convert released Shift-GCN weights to a checkpoint of a recognizer with our ShiftGCN.

Example:
    python tools/model_converters/shift_gcn.py downloads/ntu_xview.pt checkpoints/shiftgcn_action.pth
    python tools/model_converters/shift_gcn.py downloads/reid.pt checkpoints/shiftgcn_subject.pth --attribute subject
    python tools/model_converters/shift_gcn.py downloads/ntu_xview_bone.pt checkpoints/shiftgcn_bone.pth --features b
"""

import argparse
import hashlib
import pprint
from pathlib import Path

import torch

from mmskanon import __version__
from mmskanon.io import atomic_path, load_state_dict_from
from mmskanon.models.backbones.shift_gcn_weights import convert_shift_gcn
from mmskanon.skeletons.features import FEATURES
from mmskanon.utils import run_tool


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, help='released state dict (.pt)')
    parser.add_argument('out', type=Path, help='checkpoint to write (.pth)')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace the checkpoint if it exists'
    )
    parser.add_argument(
        '--attribute', help='private attribute that the net reads; without it the net reads actions'
    )
    parser.add_argument(
        '--features',
        nargs='+',
        choices=FEATURES,
        default=['j'],
        help='streams that the net reads, which its tensors do not tell: joints j, bones b, their motion jm and bm (default: j)',
    )
    parser.add_argument(
        '--down-stages',
        type=int,
        nargs='*',
        help='stages that halve the frames; by default those with a projection in their skip connection, as in all released nets',
    )
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    with atomic_path(args.out, overwrite=args.overwrite) as path:
        state = load_state_dict_from(args.source)
        weights, sizes = convert_shift_gcn(state, str(args.source), args.down_stages)
        model = sizes.model(args.attribute, args.features)
        meta = dict(
            source=args.source.name,
            source_sha256=hashlib.sha256(args.source.expanduser().read_bytes()).hexdigest(),
            mmskanon_version=__version__,
            model=model,
        )
        torch.save(dict(meta=meta, state_dict=weights), path)
    print(f'model = {pprint.pformat(model, sort_dicts=False)}')
    print(f'Written: {args.out}, for the model above')


if __name__ == '__main__':
    run_tool(main)
