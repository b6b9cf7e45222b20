# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time ShiftGCN beside MMAction2's STGCN and a plain Shift-GCN, forward and backward, in turn, in one process.

The nets have the same widths, stages and input. The plain Shift-GCN has the weights of ours, (N, C, T, V) tensors as the authors' code,
and the shifts as ``torch.gather``; its output is compared with ours. Before the nets, the temporal shift alone is timed in the forms
that it was chosen from. ``--compile`` adds our net under ``torch.compile``, which needs a C++ compiler on the CPU.

Example:
    python benchmarks/shift_gcn.py --require 1
    python benchmarks/shift_gcn.py --device cuda --compile --batch-size 64 --frames 300
"""

import argparse
import copy
import os
import platform
import sys
from collections.abc import Callable

from cycle import peak_tensor_bytes, time_in_turn  # isort: skip  first, it makes MMAction2 importable

import torch
import torch.nn.functional as F
from mmaction.models import STGCN
from torch import nn

from mmskanon.models import ShiftGCN
from mmskanon.models.backbones.shift_layers import NormedLinear, ShiftBlock
from mmskanon.models.backbones.temporal_shift import linear_shift

JOINTS, PERSONS = 25, 2


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--batch-size', type=int, default=8, help='clips a batch, of two persons')
    parser.add_argument('--frames', type=int, default=64, help='frames a clip')
    parser.add_argument('--width', type=int, default=64, help='channels of the first stage')
    parser.add_argument('--stages', type=int, default=10)
    parser.add_argument('--runs', type=int, default=9, help='forward and backward passes timed')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--compile', action='store_true', help='also with torch.compile')
    parser.add_argument('--require', type=float, help='least STGCN / ShiftGCN ratio of seconds')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args(argv)


def gather_frames(x: torch.Tensor, position: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """The temporal shift of x (N, C, T, V) by ``torch.gather``, as one would write it without further thought."""
    N, C, T, V = x.shape
    start = position.floor()
    frame = torch.arange(0, T, stride, device=x.device) + start.long()[:, None]
    fraction = (position - start)[:, None, None]

    def read(at: torch.Tensor) -> torch.Tensor:
        index = at.clamp(0, T - 1)[None, :, :, None].expand(N, -1, -1, V)
        return x.gather(2, index) * ((at >= 0) & (at < T))[..., None]

    return (1 - fraction) * read(frame) + fraction * read(frame + 1)


def plain_norm(norm: nn.BatchNorm1d, x: torch.Tensor) -> torch.Tensor:
    """Batch normalization of x (N, C, ...) by statistics of the batch."""
    return F.batch_norm(x, None, None, norm.weight, norm.bias, True, eps=norm.eps)


def plain_skip(layer: NormedLinear, x: torch.Tensor) -> torch.Tensor:
    """A projected skip connection on x (N, C, T, V)."""
    weight = layer.linear.weight[..., None, None]
    return plain_norm(layer.bn, F.conv2d(x, weight, layer.linear.bias, (layer.stride, 1)))


def plain_block(block: ShiftBlock, x: torch.Tensor) -> torch.Tensor:
    """A block on x (N, C, T, V)."""
    gcn, tcn = block.gcn, block.tcn
    N, C, T, V = x.shape
    joint, channel = torch.arange(V, device=x.device), torch.arange(C, device=x.device)
    index = (joint + channel[:, None]) % V
    y = x.gather(3, index[None, :, None].expand(N, C, T, V))
    y = y * (gcn.feature_mask.tanh() + 1).t()[:, None]
    y = F.conv2d(y, gcn.linear_weight[..., None, None], gcn.linear_bias)
    D = y.shape[1]
    index = (joint - torch.arange(D, device=x.device)[:, None]) % V
    y = y.gather(3, index[None, :, None].expand(N, D, T, V))
    rows = y.permute(0, 2, 1, 3).reshape(N * T, D * V)
    y = plain_norm(gcn.bn, rows).view(N, T, D, V).permute(0, 2, 1, 3)
    y = F.relu(y + (x if gcn.down is None else plain_skip(gcn.down, x)))
    y = gather_frames(plain_norm(tcn.bn, y), tcn.shift_in.ypos)
    y = F.relu(F.conv2d(y, tcn.linear.weight[..., None, None], tcn.linear.bias))
    y = gather_frames(y, tcn.shift_out.ypos + 0.5 * (tcn.stride - 1), tcn.stride)
    y = plain_norm(tcn.bn_out, y)
    if block.with_residual:
        y = y + (x if block.residual is None else plain_skip(block.residual, x))
    return F.relu(y)


def plain_net(net: ShiftGCN, x: torch.Tensor) -> torch.Tensor:
    """What ``net`` computes in training on x (N, M, T, V, C)."""
    N, M, T, V, C = x.shape
    rows = x.permute(0, 1, 3, 4, 2).reshape(N, M * V * C, T)
    x = plain_norm(net.data_bn, rows).view(N * M, V, C, T).permute(0, 2, 3, 1)
    for block in net.blocks:
        x = plain_block(block, x)
    return x.reshape(N, M, *x.shape[1:])


def depthwise(x: torch.Tensor, position: torch.Tensor, reach: int = 10) -> torch.Tensor:
    """The temporal shift of x (N, C, T, V) as a depthwise convolution; offsets are below ``reach``, as in the released nets."""
    tap = torch.arange(-reach, reach + 1, device=x.device)
    kernel = (1 - (tap - position[:, None]).abs()).clamp(min=0)[:, None, :, None]
    return F.conv2d(x, kernel, padding=(reach, 0), groups=len(position))


def forms(x: torch.Tensor) -> dict[str, tuple[Callable, torch.Tensor, tuple[int, ...]]]:
    """The forms of the temporal shift, each with x (N, C, T, V) in its layout and the axes that lead back."""

    def last(x: torch.Tensor) -> torch.Tensor:
        return x.contiguous(memory_format=torch.channels_last)

    same = (0, 1, 2, 3)
    return {
        'rows, as ShiftGCN': (linear_shift, x.permute(1, 3, 2, 0).contiguous(), (3, 0, 2, 1)),
        'gather': (gather_frames, x, same),
        'gather, channels last': (gather_frames, last(x), same),
        'depthwise convolution': (depthwise, x, same),
        'depthwise convolution, channels last': (depthwise, last(x), same),
    }


def backward_and_wait(out: torch.Tensor, grad: torch.Tensor) -> None:
    """Back-propagate, and wait for the device."""
    out.backward(grad)
    if out.is_cuda:
        torch.cuda.synchronize()


def peak_bytes(run: Callable[[], object], device: str) -> int:
    """How much memory a run takes on a device at its peak."""
    if device == 'cpu':
        return peak_tensor_bytes(run)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    run()
    return torch.cuda.max_memory_allocated() - before


def compare_forms(args: argparse.Namespace) -> list[str]:
    """Print a line for each form of the temporal shift; return what is not as it should be."""
    shape = (args.batch_size * PERSONS, args.width, args.frames, JOINTS)
    x, grad = torch.randn(shape, device=args.device), torch.randn(shape, device=args.device)
    position = ((torch.rand(args.width, device=args.device) * 2 - 1) * 2).requires_grad_()
    runs, outs = {}, {}
    for name, (shift, own, back) in forms(x).items():
        own = own.detach().requires_grad_()
        outs[name] = shift(own, position).detach().permute(back)
        own_grad = torch.empty_like(own).copy_(grad.permute([back.index(i) for i in range(4)]))

        def run(_=None, shift=shift, own=own, own_grad=own_grad) -> None:
            own.grad = None
            backward_and_wait(shift(own, position), own_grad)

        run()
        runs[name] = run
    medians = time_in_turn(runs, [{}], args.runs)
    first, *others = medians
    for name in medians:
        ratio = medians[name][0] / medians[first][0]
        print(f'temporal shift, {name}: {medians[name][0] * 1e3:.2f} ms, {ratio:.2f}x')
    return [
        f'temporal shift, {name}: differs from the first form'
        for name in others
        if not torch.allclose(outs[name], outs[first], atol=1e-5)
    ]


def build_nets(args: argparse.Namespace) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """STGCN and the ways to run ShiftGCN, all with the same settings, in training mode."""
    torch.manual_seed(args.seed)
    steps = sorted({args.stages // 2, round(0.8 * args.stages)} - {0, 1})
    settings = dict(
        graph_cfg=dict(layout='nturgb+d', mode='stgcn_spatial'),
        base_channels=args.width,
        num_stages=args.stages,
        inflate_stages=steps,
        down_stages=steps,
        data_bn_type='MVC',
        num_person=PERSONS,
    )
    stgcn, ours = STGCN(**settings).to(args.device), ShiftGCN(**settings).to(args.device)
    plain = copy.deepcopy(ours)
    nets = {'STGCN': stgcn, 'ShiftGCN': ours, 'plain Shift-GCN': lambda x: plain_net(plain, x)}
    if args.compile:
        nets['compiled ShiftGCN'] = torch.compile(copy.deepcopy(ours))
    return nets


def compare_nets(args: argparse.Namespace) -> list[str]:
    """Print a line for each net; return what is not as it should be."""
    shape = (args.batch_size, PERSONS, args.frames, JOINTS, 3)
    x = torch.randn(shape, device=args.device, requires_grad=True)
    nets = build_nets(args)
    runs, outs = {}, {}
    for name, net in nets.items():
        outs[name] = net(x).detach()
        grad = torch.randn_like(outs[name])

        def run(_=None, net=net, grad=grad) -> None:
            backward_and_wait(net(x), grad)

        run()
        runs[name] = run
    medians = time_in_turn(runs, [{}], args.runs)
    peaks = {name: peak_bytes(run, args.device) / 2**20 for name, run in runs.items()}
    for name, (wall, _) in medians.items():
        faster, smaller = medians['STGCN'][0] / wall, peaks['STGCN'] / peaks[name]
        print(
            f'{name}: {wall:.4f} s forward and backward, {faster:.2f}x as fast as STGCN; '
            f'peak memory {peaks[name]:.0f} MiB, STGCN takes {smaller:.2f}x that'
        )
    error = {
        name: float((out - outs['ShiftGCN']).abs().max())
        for name, out in outs.items()
        if name not in ('STGCN', 'ShiftGCN')
    }
    print(
        f'largest difference from ShiftGCN: {", ".join(f"{n} {e:.1e}" for n, e in error.items())}'
    )
    problems = [f'{name}: differs from ShiftGCN' for name, e in error.items() if not e < 1e-2]
    ratio = medians['STGCN'][0] / medians['ShiftGCN'][0]
    if args.require is not None and ratio < args.require:
        problems.append(f'ShiftGCN: the ratio is below the {args.require:g} required')
    return problems


def main(argv: list[str] | None = None) -> int:
    """Print the table; return the exit status."""
    args = parse_args(argv)
    where = torch.cuda.get_device_name() if args.device != 'cpu' else platform.machine()
    print(
        f'{platform.platform()}, {where}, {os.cpu_count()} CPUs, PyTorch {torch.__version__}, {torch.get_num_threads()} torch thread(s)\n'
        f'{args.stages} stages from {args.width} channels, {args.batch_size} clips of {args.frames} frames, {PERSONS} persons and {JOINTS} joints, '
        f'medians of {args.runs} runs'
    )
    problems = compare_forms(args) + compare_nets(args)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
