# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time k-same motion on one thread with a made-up gallery: seconds of video anonymized a second, export included.

Example:
    python benchmarks/k_same.py --clips 10000
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import mmskanon  # isort: skip  first, so that MMAction2 can be imported

import numpy as np
import torch
from mmengine.registry import init_default_scope

from mmskanon.apis import anonymize_keypoints
from mmskanon.models.anonymizers import KSameAnonymizer
from mmskanon.registry import MODELS
from mmskanon.skeletons.gallery import Gallery, load_gallery, save_gallery
from mmskanon.skeletons.kinematics import forward_kinematics, split_length
from mmskanon.skeletons.layouts import get_layout
from mmskanon.utils import read_config

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
CONFIG = 'utd_mhad/ksame-4_stgcn_utd-mhad-trial-kinect20.py'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--clips', type=int, default=10000, help='clips of the gallery')
    parser.add_argument('--subjects', type=int, default=100, help='people of the gallery')
    parser.add_argument('--frames', type=int, default=68, help='frames a clip')
    parser.add_argument('--rate', type=float, default=30, help='frames of video a second')
    parser.add_argument('--k', type=int, default=4, help='donors')
    parser.add_argument('--timed', type=int, default=50, help='clips anonymized')
    parser.add_argument(
        '--unknown', action='store_true', help='no action is known: donors are sought part by part'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--require', type=float, default=0, help='exit with 1 below this many seconds a second'
    )
    return parser.parse_args()


def make_gallery(args: argparse.Namespace, classes: int, layout, num_person: int) -> Gallery:
    """Random walks of bone directions about one pose; people and classes in turn."""
    total = args.clips * args.frames
    pose = torch.randn(layout.num_joints, 3)
    walk = 0.05 * torch.randn(args.frames, num_person, layout.num_joints, 3).cumsum(0)
    directions = torch.empty(total, num_person, layout.num_joints, 3)
    for start in range(0, total, args.frames):
        clip = directions[start : start + args.frames]
        clip.copy_(split_length(pose + walk + 0.1 * torch.randn_like(walk))[0])
    clip = torch.arange(args.clips)
    return Gallery(
        directions=directions,
        centers=torch.zeros(total, num_person, 3),
        starts=args.frames * torch.arange(args.clips + 1),
        labels=clip % classes,
        subjects=clip // classes % args.subjects,
        lengths=0.25 * (torch.arange(layout.num_joints) != layout.root),
        rest=split_length(pose)[0],
    )


class _OfFile(KSameAnonymizer):
    """Takes a gallery file also where people have to be known; here nobody is in the gallery."""

    def _open(self, population: None, gallery: str) -> tuple[Gallery, str]:
        return load_gallery(gallery, self.layout, self.num_person), gallery


def main() -> int:
    """Print the speed; return the exit status."""
    args = parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    init_default_scope('mmskanon')
    cfg = dict(read_config(str(CONFIGS / CONFIG)).model.anonymizer)
    layout, num_person = get_layout(cfg['layout']), cfg['num_person']
    with tempfile.TemporaryDirectory() as folder:
        net = MODELS.build(cfg['recognizer']['net'])
        torch.save(net.state_dict(), f'{folder}/net.pth')
        made = make_gallery(args, net.cls_head.num_classes, layout, num_person)
        save_gallery(made, f'{folder}/gallery.pth', layout)
        del made
        start = time.perf_counter()
        cfg.update(
            k=args.k,
            population=None,
            gallery=f'{folder}/gallery.pth',
            recognizer=dict(cfg['recognizer'], checkpoint=f'{folder}/net.pth'),
        )
        del cfg['type']
        anonymizer = _OfFile(unknown_share=0.5 if args.unknown else 0.0, **cfg).eval()
        anonymizer.least_confidence = 2.0  # more than any probability
        loading = time.perf_counter() - start
    directions = anonymizer.directions[: args.frames].transpose(0, 1)
    root = directions.new_zeros(directions.shape[:2] + (3,))
    body = forward_kinematics(root, directions, anonymizer.lengths, layout).numpy()
    noise = np.random.default_rng(args.seed).normal(scale=0.01, size=(args.timed, *body.shape))
    clips = (body + noise + [0, 0, 3]).astype(np.float32)
    settings = dict(normalization=dict(layout=layout), subject='somebody')
    anonymize_keypoints(clips[0], anonymizer, **settings)  # what the first call sets up
    wall, used = time.perf_counter(), time.process_time()
    for clip in clips:
        anonymize_keypoints(clip, anonymizer, **settings)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    video = args.timed * args.frames / args.rate
    print(
        f'{platform.platform()}, {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, '
        f'PyTorch {torch.__version__}, mmskanon {mmskanon.__version__}, 1 thread\n'
        f'gallery of {args.clips} clips, {args.frames} frames, loaded in {loading:.1f} s; k={args.k}, {args.timed} clips{", their actions not known" if args.unknown else ""}: '
        f'{video / wall:.1f} s of video a second, {1000 * wall / args.timed:.1f} ms a clip, {1000 * used / args.timed:.1f} ms of CPU'
    )
    if video / wall < args.require:
        print(f'slower than the {args.require:g} required', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
