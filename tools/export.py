# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write a trained anonymizer as an ONNX file that runs without PyTorch and mmskanon (docs/deployment.md).

The graph is compared with PyTorch on made-up clips of several sizes, and nothing is written if they differ. With --precision float16 or
int8, what the lower precision changes in the output is measured on the clips of --calibration, or on made-up ones, and printed.
"""

import argparse
import signal

import mmskanon  # noqa: F401  installs the upstream shims before mmaction is imported
from mmskanon.deployment import OPSETS, PRECISIONS, ExportOptions, ExportReport, export_file
from mmskanon.utils import Overrides, read_config, run_tool


def parse_args() -> argparse.Namespace:
    """Command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config that trained the anonymizer')
    parser.add_argument('checkpoint', help="its checkpoint; 'none' for anonymizers without weights")
    parser.add_argument('output', help='file to write (.onnx)')
    parser.add_argument('--overwrite', action='store_true', help='replace the output if it exists')
    parser.add_argument(
        '--precision', choices=PRECISIONS, default='float32', help='of the layers (default float32)'
    )
    parser.add_argument(
        '--camera-space',
        action='store_true',
        help='take and give camera coordinates: normalization and its inverse become part of the graph',
    )
    parser.add_argument(
        '--calibration',
        help='annotation file (.pkl): ranges of int8, and clips that the loss is measured on',
    )
    parser.add_argument(
        '--opset', type=int, choices=OPSETS, default=18, help='version of the ONNX operators'
    )
    parser.add_argument(
        '--no-check', action='store_true', help='neither compare with PyTorch nor measure'
    )
    parser.add_argument('--cfg-options', nargs='+', action=Overrides, help='overrides: key=value')
    return parser.parse_args()


def lines(report: ExportReport, precision: str) -> list[str]:
    """What an export found, in words."""
    found = []
    if report.difference is not None:
        found.append(f'float32 against PyTorch: largest difference {report.difference:.1e}')
    if report.loss is not None:
        loss = report.loss
        found.append(
            f'{precision} against float32, {report.measured_on}: mean joint error {loss.mean:.3f} {loss.unit}, largest {loss.largest:.2f} {loss.unit}; '
            f'file {report.size / report.float32_size:.2f} of its size'
        )
    if report.times:
        pytorch = report.times['pytorch']
        ratios = [f'{k} {pytorch / v:.2f}x' for k, v in report.times.items() if k != 'pytorch']
        found.append(
            f'speed on one CPU thread: PyTorch {1e3 * pytorch:.2f} ms a clip, onnxruntime {", ".join(ratios)} as fast'
        )
    return found


def main() -> None:
    """Export an anonymizer."""
    args = parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no temporary is left behind
    cfg = read_config(args.config, args.cfg_options)
    options = ExportOptions(
        args.precision,
        args.camera_space,
        args.calibration,
        args.opset,
        not args.no_check,
        args.overwrite,
    )
    checkpoint = None if args.checkpoint == 'none' else args.checkpoint
    report = export_file(cfg, checkpoint, args.output, options)
    for line in lines(report, args.precision):
        print(line)
    space = 'camera coordinates' if args.camera_space else 'body space'
    print(f'wrote {args.output}: {args.precision}, {space}, {report.size / 1e6:.2f} MB')


if __name__ == '__main__':
    run_tool(main)
