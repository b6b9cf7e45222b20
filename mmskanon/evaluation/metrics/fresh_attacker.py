# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Attackers that are trained anew on what the anonymizer makes now."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import BaseMetric

from mmskanon.datasets.schema import complete_annotations
from mmskanon.datasets.splits import sample_name, select_split
from mmskanon.io import load_annotations
from mmskanon.registry import ATTACKERS, METRICS

from .records import require_field

_ATTACKERS = dict(
    kinematics=dict(type='Kinematics', classifier='lda'),
    class_aware=dict(type='ClassAware'),
    class_centred=dict(type='ClassCentred'),
    tcn=dict(
        type='TemporalCNN',
        blocks=2,
        training=dict(epochs=30, max_rounds=1, learning_rates=[5e-3]),
    ),
)


@METRICS.register_module()
class FreshAttacker(BaseMetric):
    """How much a private attribute can be read by attackers who start anew on anonymized clips.

    The adversaries beside which an anonymizer was trained flatter it. This metric trains attackers of the audit on the anonymized clips
    of one split and tries them on those of another, in minutes; so it serves to choose a checkpoint and to stop early
    (``CheckpointHook(save_best='fresh/cost', rule='less')``, ``EarlyStoppingHook(monitor='fresh/cost', rule='less')``). Neither split may be
    the test split, or the choice would flatter again. The figures are no audit: attackers are few and brief.

    The data loader has to go over both splits, with the model's ``predict_skeletons=True``.

    Args:
        ann_file (str): The annotation file of the data loader.
        learn (str | dict): Split that attackers learn from: the clips on which the anonymizer was trained.
        tried (str | dict): Split that they are tried on.
        layout (str | dict): Skeleton layout of the clips.
        num_person (int): Persons of a clip.
        attribute (str): The private attribute. Defaults to ``'subject'``.
        attackers (dict, optional): Configs by name, see ``configs/audit/_base_.py``. Defaults to None, one network and three that need none.
        action_floor (float): Share of the actions that should stay readable; what is missing is added to the cost. Defaults to 0.95.
        seed (int): Seed of the attackers. Defaults to 0.
        **kwargs: For ``BaseMetric``.

    Raises:
        ValueError: While evaluating, if the model does not hand over skeletons or has no recognizer, or a split has no clip among the results.
    """

    default_prefix = 'fresh'

    def __init__(
        self,
        ann_file: str,
        learn: str | Mapping,
        tried: str | Mapping,
        layout: str | Mapping,
        num_person: int,
        attribute: str = 'subject',
        attackers: Mapping[str, Mapping] | None = None,
        action_floor: float = 0.95,
        seed: int = 0,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.layout, self.num_person, self.attribute = layout, num_person, attribute
        self.attackers = {k: dict(v) for k, v in (attackers or _ATTACKERS).items() if v}
        self.action_floor, self.seed = action_floor, seed
        data = load_annotations(ann_file)
        annotations = data['annotations'] if isinstance(data, Mapping) else data
        complete_annotations(annotations)
        self._parts = {
            key: {sample_name(annotations[i]) for i in select_split(data, split)}
            for key, split in (('learn', learn), ('tried', tried))
        }
        both = self._parts['learn'] & self._parts['tried']
        if both:
            raise ValueError(
                f'FreshAttacker: sample {min(both)!r} is in both splits; attackers must not be tried on what they learn from'
            )

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep the anonymized clips of both splits."""
        for sample in data_samples:
            clip = require_field(
                sample, 'anonymized', 'FreshAttacker', 'set model.predict_skeletons=True'
            )
            recognized = require_field(
                sample,
                'pred_label',
                'FreshAttacker',
                'the recognizer of the model gives it; configure one, or drop this metric',
            )
            self.results.append(
                dict(
                    frame_dir=sample['frame_dir'],
                    keypoint=clip[0].float().cpu().numpy(),
                    value=sample['gt_private'][self.attribute],
                    label=int(sample['gt_label'].item()),
                    recognized=int(recognized.item()),
                )
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Train and try the attackers.

        Args:
            results (list[dict]): All clips.

        Returns:
            dict[str, float]: ``<attacker>`` and ``strongest``, shares of the tried clips whose value is named; ``action``, share of them whose action
            the recognizer of the model reads; ``cost``, the strongest plus what the action lacks.
        """
        # The audit imports all attackers; whoever does not use this metric does without.
        from mmskanon.audit.clips import ClipStore
        from mmskanon.audit.sight import Sight

        rows = {
            part: np.array([i for i, r in enumerate(results) if r['frame_dir'] in names], int)
            for part, names in self._parts.items()
        }
        for part, found in rows.items():
            if not len(found):
                raise ValueError(
                    f'FreshAttacker: no clip of the split {part!r} is among the {len(results)} results; the data loader must go over both splits'
                )
        values = np.array([r['value'] for r in results])
        labels, recognized = (np.array([r[k] for r in results]) for k in ('label', 'recognized'))
        kinds, num = int(max(labels.max(), recognized.max())) + 1, int(values.max()) + 1
        known = np.where(np.isin(np.arange(len(results)), rows['learn']), labels, recognized)
        figures = {}
        with tempfile.TemporaryDirectory(prefix='mmskanon_fresh_') as folder:
            store = ClipStore.build(results, self.layout, self.num_person, Path(folder))
            views = {p: Sight.of([store], found, known, kinds).open() for p, found in rows.items()}
            for name, cfg in self.attackers.items():
                attacker = ATTACKERS.build(dict(cfg))
                attacker.fit(views['learn'], values[rows['learn']], num, self.seed)
                answers = attacker.score(views['tried']).log_posterior.argmax(axis=1)
                figures[name] = float((answers == values[rows['tried']]).mean())
        figures['strongest'] = max(figures.values())
        figures['action'] = float((recognized == labels)[rows['tried']].mean())
        figures['cost'] = figures['strongest'] + max(self.action_floor - figures['action'], 0.0)
        return figures
