# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Evaluate a checkpoint on the whole test split of its config."""

import argparse
import json

import mmskanon  # noqa: F401  installs the upstream shims before mmaction is imported

from mmengine.runner import Runner  # isort: skip
from torch import nn

from mmskanon.compat import init_cpu_process_group
from mmskanon.io.atomic import atomic_write_bytes
from mmskanon.models.weights import load_weights
from mmskanon.utils import add_run_arguments, read_run_config, run_tool, skip_party_checkpoints

NEEDS = ('model', 'test_dataloader', 'test_cfg', 'test_evaluator')


def parse_args() -> argparse.Namespace:
    """Command-line arguments, as in the other OpenMMLab projects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        'checkpoint', help="checkpoint of the config's model; 'none' for models without weights"
    )
    parser.add_argument('--work-dir', help='where logs go; default work_dirs/<config name>')
    parser.add_argument('--dump', help='write all predictions to this .pkl file')
    parser.add_argument('--metrics', help='write the metrics to this .json file')
    add_run_arguments(parser)
    return parser.parse_args()


def refuse_untrained(net: nn.Module) -> None:
    """Raise ValueError if what is to be tested has weights, which no checkpoint was given for."""
    if any(True for _ in net.parameters()):
        raise ValueError(
            f"{type(net).__name__} has weights, which 'none' leaves untrained; give the checkpoint of a trained model."
        )


def main() -> None:
    """Read the config, apply the arguments, test."""
    args = parse_args()
    cfg = read_run_config(args, NEEDS)
    if args.checkpoint != 'none':
        skip_party_checkpoints(cfg)
    if args.dump is not None:
        if not args.dump.endswith(('.pkl', '.pickle')):
            raise ValueError(
                f'--dump {args.dump}: the file name must end in .pkl; predictions are written as a pickle.'
            )
        evaluators = (
            cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
        )
        cfg.test_evaluator = [*evaluators, dict(type='PredictionDump', out_file_path=args.dump)]
    init_cpu_process_group(args.launcher)
    runner = Runner.from_cfg(cfg)
    model = getattr(runner.model, 'module', runner.model)
    if args.checkpoint != 'none':
        load_weights(model, args.checkpoint, 'model')
    elif cfg.get('load_from') is None:
        refuse_untrained(getattr(model, 'anonymizer', model))
    metrics = runner.test()
    if args.metrics is not None and runner.rank == 0:
        text = json.dumps({k: float(v) for k, v in metrics.items()}, indent=2) + '\n'
        atomic_write_bytes(text.encode(), args.metrics, overwrite=True)


if __name__ == '__main__':
    run_tool(main)
