# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pictures of what the anonymizer does, at each validation, for every backend that logs."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmskanon.models.anonymizers.batches import anonymize_batch
from mmskanon.registry import HOOKS
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.visualization.camera import ALL_VIEWS
from mmskanon.visualization.views import UPS

ACTION = 'val/action/top1'


@HOOKS.register_module()
class SkeletonVisualizationHook(Hook):
    """Log, at validations, samples before and after anonymization and the trade-off so far.

    The pictures go through MMEngine's visualizer to all of its backends (files, TensorBoard, Weights & Biases, ...), as
    ``before_after_<sample>`` and ``trade_off``, with the iteration as step. The first show original recordings, which is why the hook is
    off in the shipped runtime: treat the logs as you treat those, and mind that some backends send them away.

    Training is the same with and without it: all random states are put back, the network runs in eval mode without gradients and gets
    its mode back, and only the main process draws. Mistakes in its arguments end the run before it starts. A picture that
    cannot be drawn or logged later on (a full disk, coordinates that are no longer finite) is warned about once, and training goes on.

    The trade-off is read from the values that MMEngine keeps in its checkpoints. A resumed run therefore shows the validations before
    it, up to the last before the checkpoint was written. For a model without an anonymizer the hook does nothing.

    Args:
        enabled (bool): Whether to draw at all. Defaults to True.
        interval (int): Validations from one set of pictures to the next. Defaults to 1.
        samples (Sequence[int | str]): Samples of the validation set to draw, by index or ``frame_dir``. Defaults to (0,).
        view (str): Where to look from, see :func:`~mmskanon.visualization.draw_comparison`. Defaults to ``'front'``.
        up (str, optional): Which way is up. Defaults to None: ``'z'`` where the pipeline normalizes skeletons, otherwise that of the
            layout.
        moments (int): Number of moments of the clip. Defaults to 6.
        heat (bool): Colour joints by their distance from the original. Defaults to False.

    Raises:
        ValueError: If an argument is out of range; before training, if there is no such sample or it cannot be seen from there.
    """

    priority = 'LOW'

    def __init__(
        self,
        enabled: bool = True,
        interval: int = 1,
        samples: Sequence[int | str] = (0,),
        view: str = 'front',
        up: str | None = None,
        moments: int = 6,
        heat: bool = False,
    ) -> None:
        name = type(self).__name__
        for key, value in dict(interval=interval, moments=moments).items():
            if value < 1:
                raise ValueError(f'{name}: {key} must be positive, found {value}')
        if isinstance(samples, str) or not isinstance(samples, Sequence) or not samples:
            raise ValueError(
                f'{name}: samples must list at least one index or frame_dir, found {samples!r}'
            )
        if view not in ALL_VIEWS:
            raise ValueError(f'{name}: view must be one of {sorted(ALL_VIEWS)}, found {view!r}')
        if up is not None and up not in UPS:
            raise ValueError(f'{name}: up must be one of {list(UPS)}, found {up!r}')
        self.enabled, self.interval, self.samples = enabled, interval, list(samples)
        self.view, self.up, self.moments = view, up, moments
        self.heat = heat
        self._validations = 0
        self._warned: set[str] = set()

    def before_train(self, runner) -> None:
        """Look whether the samples are there, in all processes, so that all stop if they are not."""
        layout = self.enabled and _layout(runner)
        if not layout:
            return
        if runner.val_loop is None:
            raise ValueError(
                'SkeletonVisualizationHook draws at validations, but there are none; add val_dataloader, val_cfg and '
                'val_evaluator, or set enabled=False'
            )
        if layout.dims == 2 and (self.view != 'front' or self.up == 'z'):
            raise ValueError(
                f'SkeletonVisualizationHook: the layout {layout.name!r} has two coordinates a joint, which can only be seen from the '
                f'front with y or -y up, found view={self.view!r}, up={self.up!r}'
            )
        dataset = runner.val_loop.dataloader.dataset
        for sample in self.samples:
            _find(dataset, sample)

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Draw."""
        if not self.enabled:
            return
        self._validations += 1
        layout = _layout(runner)
        due = (self._validations - 1) % self.interval == 0
        if not (layout and due and is_main_process()):
            return
        with _undisturbed(_model(runner)):
            for sample in self.samples:
                self._attempt(
                    runner, lambda sample=sample: self._log_sample(runner, layout, sample)
                )
            self._attempt(runner, lambda: self._log_trade_off(runner))

    def _attempt(self, runner, draw: Callable[[], None]) -> None:
        """Draw, and warn where that is not possible, each time for another reason."""
        try:
            draw()
        except Exception as error:  # whatever Matplotlib and the backends may raise
            reason = f'{type(error).__name__}: {error}'
            if reason not in self._warned:
                self._warned.add(reason)
                runner.logger.warning(
                    f'SkeletonVisualizationHook could not log a picture at iteration {runner.iter} ({reason}); training goes on '
                    'without it, and further pictures that fail for this reason are not mentioned'
                )

    # What draws is loaded when it is needed: most runs have this hook switched off, and Matplotlib takes long.

    def _log_sample(self, runner, layout: SkeletonLayout, sample: int | str) -> None:
        from mmskanon.visualization.furniture import picture_of
        from mmskanon.visualization.scene import Marks
        from mmskanon.visualization.skeleton_plot import make_scene

        model, dataset = _model(runner), runner.val_loop.dataloader.dataset
        index = _find(dataset, sample)
        data = model.data_preprocessor(pseudo_collate([dataset[index]]), False)
        moved = anonymize_batch(model.anonymizer, data['inputs'], data['data_samples'])
        # One sample, its first clip: (M, T, V, C).
        before, after = (x[0, 0].float().cpu().numpy() for x in (data['inputs'], moved))
        name = str(data['data_samples'][0].get('frame_dir', sample))
        up = self.up or ('z' if layout.dims == 3 and _is_normalized(dataset) else None)
        marks = Marks(heat=self.heat)
        scene = make_scene(before, after, layout, None, self.view, up, marks)
        title = f'{name}, iteration {runner.iter}'
        picture = picture_of(scene.contact_sheet(title, self.moments, dpi=100))
        safe = re.sub(r'[^A-Za-z0-9._-]', '_', name)
        runner.visualizer.add_image(f'before_after_{safe}', picture, step=runner.iter)

    def _log_trade_off(self, runner) -> None:
        from mmskanon.visualization.furniture import picture_of
        from mmskanon.visualization.trade_off import trade_off

        scalars = runner.message_hub.log_scalars
        privacy, chances = privacy_history({k: v.data[0] for k, v in scalars.items()})
        if ACTION not in scalars or not privacy:
            raise ValueError(
                'the trade-off needs the metrics ActionAccuracy and PrivacyAccuracy, and the evaluator lacks one of them'
            )
        action = [float(v) for v in scalars[ACTION].data[0]]
        picture = picture_of(trade_off(action, privacy, chances))
        runner.visualizer.add_image('trade_off', picture, step=runner.iter)


def privacy_history(
    scalars: Mapping[str, Sequence[float]],
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return what attackers read at each validation, and what guessing reads.

    Args:
        scalars (dict[str, Sequence[float]]): From the key of a logged value to its values so far.

    Returns:
        tuple[dict[str, list[float]], dict[str, float]]: From ``adversary.<member>``, ``attacker.<name>`` and ``fresh.<attacker>`` to their
        accuracies, and from some of them to that of always guessing the most frequent value.
    """
    read, chances = {}, {}
    for key, values in scalars.items():
        match = re.fullmatch(r'val/privacy/((?:adversary|attacker)\.[^/]+)/(top1|majority)', key)
        if match and match[2] == 'top1':
            read[match[1]] = [float(v) for v in values]
        elif match:
            chances[match[1]] = float(values[-1])
        fresh = re.fullmatch(r'val/fresh/(.+)', key)
        if fresh and fresh[1] not in ('strongest', 'cost'):
            read[f'fresh.{fresh[1]}'] = [float(v) for v in values]
    return read, chances


@contextmanager
def _undisturbed(model: torch.nn.Module) -> Iterator[None]:
    """Run a model in eval mode without gradients, and leave modes and random states as they were."""
    modes = [(module, module.training) for module in model.modules()]
    states = random.getstate(), np.random.get_state()
    devices = sorted({p.device.index for p in model.parameters() if p.is_cuda})
    model.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices):
            yield
    finally:
        for module, mode in modes:
            module.training = mode
        random.setstate(states[0])
        np.random.set_state(states[1])


def _model(runner) -> torch.nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _layout(runner) -> SkeletonLayout | None:
    """Return the layout of the model's anonymizer, or None if it has none."""
    return getattr(getattr(_model(runner), 'anonymizer', None), 'layout', None)


def _find(dataset, sample: int | str) -> int:
    """Return the index of a sample."""
    if isinstance(sample, int) and not isinstance(sample, bool):
        if 0 <= sample < len(dataset):
            return sample
        found = f'{sample} of {len(dataset)}'
    else:
        names = [str(dataset.get_data_info(i).get('frame_dir')) for i in range(len(dataset))]
        if sample in names:
            return names.index(sample)
        found = f'{sample!r}, which is none of the names ({", ".join(names[:3])}, ...)'
    raise ValueError(
        f'SkeletonVisualizationHook: samples must be indices from 0 to {len(dataset) - 1} or a frame_dir of the validation set, found {found}'
    )


def _is_normalized(dataset) -> bool:
    steps = getattr(getattr(dataset, 'pipeline', None), 'transforms', ())
    return any(type(step).__name__ in ('NormalizeSkeleton', 'PreNormalize3D') for step in steps)
