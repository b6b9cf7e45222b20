# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A graph convolutional network of MMAction2."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from mmskanon.audit.clips import View
from mmskanon.engine.optimizers import cpu_has_bfloat16
from mmskanon.models.recognizers.frozen import with_head
from mmskanon.registry import ATTACKERS, MODELS

from .base import Attacker, FitReport, Scores
from .gcn_runner import ClipDataset, quiet, run_epochs
from .reading import accuracy_of, batches, predict
from .training import Training, matching, train_to_the_end

_OPTIMIZER = dict(
    optimizer=dict(type='AdamW', lr=4e-3, weight_decay=0.01), clip_grad=dict(max_norm=5.0)
)


@ATTACKERS.register_module()
class GCN(Attacker):
    """An MMAction2 recognizer, trained by MMEngine's runner.

    Without a recipe it is MMAction2's ST-GCN, narrowed for a CPU, on joints, bones and the joints' motion.

    Args:
        recipe (str | dict, optional): Config, or path of one, whose ``model`` is trained instead, with its ``optim_wrapper`` if it has
            one. Its head gets the number of classes. Defaults to None.
        length (int): Frames T to which clips are stretched. Defaults to 32.
        training (dict, optional): Arguments of :class:`~mmskanon.audit.attackers.training.Training`; of the augmentation only ``crop``
            is used, and weight decay is the recipe's. Defaults to 30 epochs in batches of 16 at rates
            4e-3 and 1e-3, crops of at most a tenth.
        device (str): Where it runs. Defaults to ``'cpu'``.
        amp (bool): Whether it is trained in mixed precision, where the device has it: about twice as fast. It judges in single precision.
            Defaults to False.
    """

    family = 'GCN of MMAction2'
    adapts = True

    def __init__(
        self,
        recipe: str | dict | None = None,
        length: int = 32,
        training: dict[str, Any] | None = None,
        device: str = 'cpu',
        amp: bool = False,
    ) -> None:
        super().__init__(device)
        options = dict(epochs=30, batch_size=16, learning_rates=(4e-3, 1e-3), crop=0.1)
        self.options = Training(**{**options, **(training or {})})
        self.recipe, self.length, self.amp = _read(recipe), length, amp
        self.net: nn.Module | None = None

    def fit(
        self,
        view: View,
        labels: np.ndarray,
        num_classes: int,
        seed: int,
        start: dict[str, Tensor] | None = None,
    ) -> FitReport:
        """Learn from clips; see :meth:`Attacker.fit`."""

        def build() -> nn.Module:
            net = self._build(view, num_classes)
            with quiet():
                net.net.init_weights()
            if start is not None:
                net.load_state_dict(matching(start, net), strict=False)
            return net

        dataset = ClipDataset(view, labels, self.length, self.options.crop)

        def train(net: _Judge, rate: float, epochs: int, seed: int) -> None:
            wrapper = copy.deepcopy(dict(self.recipe.get('optim_wrapper', _OPTIMIZER)))
            wrapper['optimizer'] = dict(wrapper['optimizer'], lr=rate)
            if self.amp:
                wrapper['type'] = _mixed_precision(self.device)
            run_epochs(net.net, dataset, wrapper, self.options, epochs, seed, self.device)

        def measure(net: _Judge) -> float:
            return accuracy_of(predict(net, view, self.length, self.device)[0], labels)

        self.net, report = train_to_the_end(
            build, train, measure, len(view), self.options, seed, self.device
        )
        self.net.centre_embedding(view, self.length, self.device, seed)
        return report

    def score(self, view: View) -> Scores:
        """Judge clips; see :meth:`Attacker.score`."""
        return Scores(*predict(self.net, view, self.length, self.device, self.options.windows))

    def state(self) -> dict[str, Tensor]:
        """Weights of the network, and where the middle of its embeddings lies."""
        return {key: value.cpu().clone() for key, value in self.net.state_dict().items()}

    def load(self, state: dict[str, Tensor], num_classes: int, view: View) -> None:
        """Take the weights of an earlier fit; see :meth:`Attacker.load`."""
        self.net = self._build(view, num_classes).to(self.device)
        self.net.load_state_dict(state)
        self.net.eval()

    def _build(self, view: View, num_classes: int) -> _Judge:
        model = copy.deepcopy(dict(self.recipe.get('model') or _small_stgcn(view)))
        with DefaultScope.overwrite_default_scope('mmskanon'):
            return _Judge(MODELS.build(with_head(model, dict(num_classes=num_classes))))


class _Judge(nn.Module):
    """A recognizer as :func:`predict` asks it: logits, and pooled features about their mean."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        width = net.cls_head.in_channels
        self.register_buffer('centre', torch.zeros(width))
        self.register_buffer('spread', torch.ones(width))

    def forward(self, clips: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        feats, _ = self.net.extract_feat(clips.unsqueeze(1))
        embedding = (feats.mean((1, 3, 4)) - self.centre) / self.spread
        return self.net.cls_head(feats), embedding

    @torch.no_grad()
    def centre_embedding(self, view: View, length: int, device: str, seed: int) -> None:
        """Measure mean and deviation of the features on at most 2000 clips."""
        self.centre.zero_()
        self.spread.fill_(1)
        some = np.sort(np.random.default_rng(seed).permutation(len(view))[:2000])
        vectors = torch.cat(
            [
                self(clips, frames)[1]
                for _, clips, frames in batches(view, length, 128, device, some)
            ]
        )
        self.centre.copy_(vectors.mean(0))
        self.spread.copy_(vectors.std(0, correction=0) + 1e-6)


def _mixed_precision(device: str) -> str:
    """Optimizer wrapper of a device that trains in mixed precision, if the device has it."""
    if torch.device(device).type != 'cpu':
        return 'AmpOptimWrapper'
    return 'CPUAmpOptimWrapper' if cpu_has_bfloat16() else 'OptimWrapper'


def _read(recipe: str | dict | None) -> dict:
    if recipe is None:
        return {}
    config = Config.fromfile(recipe) if isinstance(recipe, str) else recipe
    if 'model' not in config:
        raise KeyError(
            f"the recipe of an attacker needs the key 'model' with an MMAction2 recognizer, found {sorted(config)}"
        )
    return dict(config)


def _small_stgcn(view: View) -> dict:
    layout = view.layout
    definition = {
        'name': layout.name, 'joints': layout.joints, 'parents': layout.parents,
        'center': layout.center, 'dims': layout.dims, 'bone_pairs': layout.bone_pairs,
    }  # fmt: skip
    return dict(
        type='SkeletonRecognizer',
        layout=definition,
        features=['j', 'b', 'jm'],
        backbone=dict(
            type='STGCN',
            in_channels=3 * layout.dims,
            graph_cfg=dict(layout=layout.graph_layout(), mode='stgcn_spatial'),
            base_channels=16,
            num_stages=4,
            inflate_stages=[2, 3],
            down_stages=[2, 3],
        ),
        cls_head=dict(type='GCNHead', in_channels=64),
    )
