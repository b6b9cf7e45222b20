# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Train a recognizer, a privacy classifier or an anonymizer from a config."""

import argparse

import mmskanon  # noqa: F401  installs the upstream shims before mmaction is imported

from mmengine.runner import Runner  # isort: skip

from mmskanon.compat import init_cpu_process_group
from mmskanon.engine.optimizers import enable_amp
from mmskanon.io.checkpoints import load_checkpoint
from mmskanon.utils import (
    add_run_arguments,
    check_optimizers,
    enable_auto_scale_lr,
    read_run_config,
    run_tool,
)

NEEDS = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')


def parse_args() -> argparse.Namespace:
    """Command-line arguments, as in the other OpenMMLab projects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        '--work-dir', help='where logs and checkpoints go; default work_dirs/<config name>'
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='continue from this checkpoint; without a path, from the last one in the work directory',
    )
    parser.add_argument(
        '--amp', action='store_true', help='mixed precision for every optimizer (bfloat16 on a CPU)'
    )
    parser.add_argument(
        '--no-validate', action='store_true', help='do not validate during training'
    )
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale learning rates to the actual batch size'
    )
    parser.add_argument('--seed', type=int, help='random seed; default is that of the config')
    add_run_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Read the config, apply the arguments, train."""
    args = parse_args()
    cfg = read_run_config(args, NEEDS)
    check_optimizers(cfg.optim_wrapper)
    if args.seed is not None:
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=args.seed)
    amp = enable_amp(cfg.optim_wrapper, cfg.model) if args.amp else None
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.auto_scale_lr:
        enable_auto_scale_lr(cfg)
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
        if cfg.load_from is not None:
            # A missing or damaged file ends here, before anything is written.
            load_checkpoint(cfg.load_from)
    init_cpu_process_group(args.launcher)
    runner = Runner.from_cfg(cfg)
    if amp:
        runner.logger.info(amp)
    runner.train()


if __name__ == '__main__':
    run_tool(main)
