# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""From config and checkpoint to an ONNX file that was compared with PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from mmskanon.apis import init_anonymizer
from mmskanon.datasets.check import check_annotations, raise_errors
from mmskanon.io.atomic import atomic_path
from mmskanon.io.pickles import load_annotations
from mmskanon.models.anonymizers import BaseAnonymizer
from mmskanon.release.provenance import digest_of_config, sha256_of

from .compare import (
    TOLERANCE,
    Loss,
    largest_difference,
    measure_loss,
    model_input,
    pick,
    time_in_turn,
)
from .graph import PRECISIONS, build_onnx, check_exportable, open_session, run_session, set_metadata
from .made_up import made_up_clips
from .metadata import describe
from .precision import check_layers, to_float16, to_int8

CALIBRATED, MEASURED, TIMED = 64, 200, 30


@dataclass(frozen=True)
class ExportOptions:
    """How an anonymizer is exported.

    Attributes:
        precision (str): ``'float32'``, ``'float16'`` or ``'int8'``. Defaults to ``'float32'``.
        camera_space (bool): Whether the graph takes and gives camera coordinates rather than body space. Defaults to False.
        calibration (str | Path, optional): Annotation file whose clips give the ranges of int8 and measure what is lost. Defaults to None.
        opset (int): Version of the ONNX operators. Defaults to 18.
        check (bool): Whether to compare with PyTorch and to measure. Defaults to True.
        overwrite (bool): Whether an existing file may be replaced. Defaults to False.
    """

    precision: str = 'float32'
    camera_space: bool = False
    calibration: str | Path | None = None
    opset: int = 18
    check: bool = True
    overwrite: bool = False


@dataclass(frozen=True)
class ExportReport:
    """What an export found.

    Attributes:
        size (int): Bytes of the file.
        float32_size (int): Bytes that it has in float32.
        difference (float, optional): See :func:`~mmskanon.deployment.compare.largest_difference`, of the float32 graph. None unless checked.
        loss (Loss, optional): What the lower precision changes. None for float32 and unless checked.
        times (dict[str, float]): Processor seconds for a clip, median: ``pytorch``, ``float32`` and the precision. Empty unless checked.
        measured_on (str): Which clips loss and times were measured on.
    """

    size: int
    float32_size: int
    difference: float | None
    loss: Loss | None
    times: dict[str, float]
    measured_on: str


def export_file(
    cfg: Config, checkpoint: str | None, target: str | Path, options: ExportOptions | None = None
) -> ExportReport:
    """Write an anonymizer as an ONNX file, wholly or not at all.

    The float32 graph is compared with PyTorch on made-up clips of several sizes, also where a lower precision is asked for; what that loses
    is measured against the float32 graph, on clips that gave no ranges.

    Args:
        cfg (Config): Config that trained the anonymizer.
        checkpoint (str, optional): Its checkpoint; None for anonymizers without weights.
        target (str | Path): ONNX file to write.
        options (ExportOptions, optional): How. Defaults to None, all defaults.

    Returns:
        ExportReport: What was found.

    Raises:
        FileExistsError: If the target exists and may not be replaced.
        ImportError: If ``mmskanon[onnx]`` is not installed.
        FileNotFoundError, ValueError: If config, checkpoint or calibration file is missing, faulty or does not fit, the anonymizer cannot be
            exported in this way, or the graph gives something else than PyTorch.
    """
    options = options or ExportOptions()
    _check(options, target)
    with atomic_path(target, overwrite=options.overwrite) as temporary:
        anonymizer = init_anonymizer(cfg, checkpoint)
        check_exportable(anonymizer)
        clips = None if options.calibration is None else load_clips(options.calibration, anonymizer)
        digests = dict(config=digest_of_config(cfg))
        if checkpoint is not None:
            digests['checkpoint'] = sha256_of(checkpoint)
        content, report = make_model(anonymizer, options, clips, digests)
        temporary.write_bytes(content)
    return report


def make_model(
    anonymizer: BaseAnonymizer,
    options: ExportOptions,
    clips: list[np.ndarray] | None = None,
    digests: dict[str, str] | None = None,
) -> tuple[bytes, ExportReport]:
    """What :func:`export_file` does, in memory.

    Args:
        anonymizer (BaseAnonymizer): From :func:`~mmskanon.apis.init_anonymizer`, on the CPU.
        options (ExportOptions): How; file and overwriting do not matter.
        clips (list[np.ndarray], optional): Clips of the calibration file, shape (M, T, V, C), camera space. Defaults to None.
        digests (dict[str, str], optional): See :func:`~mmskanon.deployment.metadata.describe`. Defaults to None.

    Returns:
        tuple[bytes, ExportReport]: Content of the file, and what was found.

    Raises:
        ImportError, ValueError: See there.
    """
    space = 'camera' if options.camera_space else 'body'
    full = build_onnx(anonymizer, options.camera_space, options.opset)
    set_metadata(full, describe(anonymizer, space, 'float32', digests))
    difference, loss, times, measured_on = None, None, {}, ''
    if options.check:
        full_session = open_session(full, 1)
        difference = largest_difference(full_session, anonymizer, space)
        if not difference <= TOLERANCE:
            raise ValueError(
                f'the ONNX graph of {type(anonymizer).__name__} differs from PyTorch by {difference:.1e}, more than {TOLERANCE:g}, so no file was '
                'written; try another --opset, and if that does not help, report it.'
            )
    model = full
    if options.precision != 'float32':
        check_layers(full, type(anonymizer).__name__, options.precision)
    if options.precision == 'float16':
        model = to_float16(full)
    elif options.precision == 'int8':
        # Ranges come from every other clip, the measurement from the rest.
        chosen = pick(clips[::2], CALIBRATED)
        model = to_int8(full, [model_input(clip, anonymizer, space) for clip in chosen])
    set_metadata(model, describe(anonymizer, space, options.precision, digests))
    content = model.SerializeToString()
    if options.check:
        if clips is None:
            made_up = made_up_clips(anonymizer.layout, 30, anonymizer.num_person, 64, seed=1)
            measured, measured_on = list(made_up), '30 made-up clips'
        else:
            measured = pick(clips[1::2] or clips, MEASURED)
            measured_on = f'{len(measured)} clips of the calibration file that gave no ranges'
        session = open_session(content, 1)
        if options.precision != 'float32':
            loss = measure_loss(full_session, session, measured, anonymizer, space)
            if not np.isfinite(loss.largest):
                raise ValueError(
                    f'{type(anonymizer).__name__} in {options.precision} gives coordinates that are not finite, because numbers inside it are '
                    'too large for that precision, so no file was written; export it with float32.'
                )
        inputs = [model_input(clip, anonymizer, space) for clip in pick(measured, TIMED)]
        sessions = {'float32': full_session, options.precision: session}
        times = time_against_pytorch(anonymizer, sessions, inputs)
    size = len(full.SerializeToString())
    return content, ExportReport(len(content), size, difference, loss, times, measured_on)


def time_against_pytorch(
    anonymizer: BaseAnonymizer,
    sessions: dict,
    inputs: list[np.ndarray],
    compiled: Callable | None = None,
) -> dict[str, float]:
    """Processor seconds for a clip of PyTorch and of graphs on one thread; a graph in camera space has the normalization in addition.

    Args:
        anonymizer (BaseAnonymizer): The anonymizer.
        sessions (dict): Graphs by name.
        inputs (list[np.ndarray]): Clips of shape (1, M, T, V, C).
        compiled (Callable, optional): The anonymizer from ``torch.compile``, timed under ``compiled``. Defaults to None.

    Returns:
        dict[str, float]: Medians, that of PyTorch under ``pytorch``.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    calls = {
        'pytorch': lambda x: anonymizer(torch.from_numpy(x)),
        **{n: lambda x, session=s: run_session(session, x) for n, s in sessions.items()},
    }
    if compiled is not None:
        calls['compiled'] = lambda x: compiled(torch.from_numpy(x))
    try:
        with torch.no_grad():
            return time_in_turn(calls, inputs)
    finally:
        torch.set_num_threads(threads)


def load_clips(path: str | Path, anonymizer: BaseAnonymizer) -> list[np.ndarray]:
    """Read and check the clips of an annotation file.

    Args:
        path (str | Path): Annotation file (.pkl).
        anonymizer (BaseAnonymizer): What they are for.

    Returns:
        list[np.ndarray]: Clips that show anybody, of shape (M, T, V, C), not more persons than the anonymizer's.

    Raises:
        FileNotFoundError, ValueError: If the file is missing, faulty, does not fit, or shows nobody.
    """
    data = load_annotations(path)
    problems = check_annotations(
        data, str(path), layout=anonymizer.layout, num_person=anonymizer.num_person
    )
    raise_errors(problems)
    samples = data['annotations'] if isinstance(data, dict) else data
    clips = [sample['keypoint'][: anonymizer.num_person] for sample in samples]
    clips = [clip for clip in clips if clip[..., : anonymizer.num_coords].any()]
    if len(clips) < 2:
        raise ValueError(
            f'{path} has {len(clips)} clips that show somebody, calibration needs two at least; give a larger file.'
        )
    return clips


def _check(options: ExportOptions, target: str | Path) -> None:
    """Refuse options that contradict each other before anything takes time."""
    if options.precision not in PRECISIONS:
        raise ValueError(f'precision must be one of {PRECISIONS}, found {options.precision!r}')
    if options.precision == 'int8' and options.calibration is None:
        raise ValueError(
            'int8 needs recordings to find out how large numbers get inside the network, found none; give --calibration ANNOTATIONS.pkl.'
        )
    if Path(target).suffix != '.onnx':
        raise ValueError(f'{target}: expected a name that ends in .onnx; choose another one.')
