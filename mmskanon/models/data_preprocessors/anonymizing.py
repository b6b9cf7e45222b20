# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A data preprocessor that anonymizes every batch on its way into a stock recipe."""

import torch
from mmaction.models import ActionDataPreprocessor

from mmskanon.models.anonymizers.batches import anonymize_batch
from mmskanon.models.weights import load_weights
from mmskanon.registry import MODELS


@MODELS.register_module()
class AnonymizingDataPreprocessor(ActionDataPreprocessor):
    """MMAction2's ``ActionDataPreprocessor`` followed by a trained, frozen anonymizer.

    Any stock skeleton recipe trains or tests on anonymized skeletons by overriding ``model.data_preprocessor`` alone. The
    recipe's pipeline must deliver joints (``feats=['j']``) normalized as the anonymizer was trained. Where MMAction2's own tools
    run the recipe, it has to say ``custom_imports = dict(imports=['mmskanon.models'])`` besides.

    Args:
        anonymizer (dict): Config of the anonymizer.
        checkpoint (str, optional): A checkpoint of :class:`AdversarialAnonymization`, of which the keys under
            ``anonymizer.`` are read, or a bare state dict of the anonymizer. May be None only for anonymizers without
            weights. Defaults to None.
        **kwargs: Passed on to ``ActionDataPreprocessor``.

    Raises:
        ValueError: If the anonymizer has weights and no checkpoint is given, or the checkpoint does not fit.
    """

    def __init__(self, anonymizer: dict, checkpoint: str | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        # In the scope of a stock recipe, names of this package would not be found.
        net = MODELS.build(dict(anonymizer, _scope_='mmskanon'))
        if checkpoint is not None:
            load_weights(net, checkpoint, 'anonymizer', prefix='anonymizer.')
        elif any(True for _ in net.parameters()):
            raise ValueError(
                f'AnonymizingDataPreprocessor: {type(net).__name__} has weights, but no checkpoint is given; '
                'name the checkpoint of a trained anonymizer.'
            )
        net.requires_grad_(False).eval()
        # Not registered as a child: the recipe's checkpoints and optimizer must not contain it.
        object.__setattr__(self, 'anonymizer', net)

    def _apply(self, fn, *args, **kwargs):
        self.anonymizer._apply(fn, *args, **kwargs)
        return super()._apply(fn, *args, **kwargs)

    @torch.no_grad()
    def forward(self, data, training: bool = False):
        """Stack, cast and anonymize.

        Args:
            data (dict): A batch with inputs of shape (num_clips, M, T, V, C) a sample.
            training (bool): Passed on. The anonymizer is in eval mode either way. Defaults to False.

        Returns:
            dict: ``inputs`` of shape (N, num_clips, M, T, V, C), anonymized, and ``data_samples``.
        """
        data = super().forward(data, training=training)
        data['inputs'] = anonymize_batch(self.anonymizer, data['inputs'], data.get('data_samples'))
        return data
