# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The whole: anonymizer, frozen recognizer and adversaries as one model with one update method per phase."""

import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from mmskanon.evaluation.functional import batch_fidelity_sums, motion_energy
from mmskanon.registry import MODELS

from .anonymizers.batches import anonymize_batch
from .losses import PartyOutputs
from .outputs import party_outputs
from .parties import build_attackers, check_actions, check_encoder, check_losses, frozen
from .recognizers import action_labels, build_recognizer, without_checkpoints
from .weights import load_weights


@MODELS.register_module()
class AdversarialAnonymization(BaseModel):
    """Adversarial training of a skeleton anonymizer.

    The method is that of Moon et al., "Anonymization for Skeleton Action Recognition", AAAI 2023 (arXiv 2111.15129): the
    anonymizer phase minimizes the weighted sum of ``losses``, the adversary phase trains the privacy classifiers on
    anonymized clips. Where we differ: each phase computes only what it updates (the adversary phase runs the anonymizer
    without gradient, the anonymizer phase builds no weight gradients for recognizer and adversaries); the party that is not
    being updated is in eval mode, so its BatchNorm statistics do not move; and in eval mode the anonymizer really is.

    Args:
        anonymizer (dict): Config of an anonymizer, see :mod:`mmskanon.models.anonymizers`.
        recognizer (dict, optional): Arguments of :class:`FrozenRecognizer` (``net``, ``checkpoint``), or of
            :class:`FusedRecognizer` (``nets``, ``weights``) for streams and ensembles. Needed by action losses and action
            metrics. Defaults to None.
        adversary (dict, optional): Config of an :class:`AdversaryBank`. Needed by privacy losses and the adversary phase.
            Defaults to None.
        losses (dict[str, dict], optional): From a name to the config of a loss module; each is logged as
            ``anonymizer/loss_<name>``. Needed for training. Defaults to None.
        attackers (dict[str, dict], optional): Independent privacy classifiers that only evaluate and are never trained
            against: from a name to arguments of :class:`FrozenRecognizer` or :class:`FusedRecognizer` with a ``PrivacyHead``. They
            are always loaded from their own checkpoints and are no part of this model's state dict. Defaults to None.
        anonymizer_checkpoint (str, optional): Weights that the anonymizer starts from: a checkpoint of such a model, for instance
            one trained on reconstruction alone, or of the bare anonymizer. Defaults to None.
        load_parties (bool): Load the checkpoints named for anonymizer, recognizer and adversary. Set to False where a checkpoint of the
            whole model is loaded afterwards, as testing and exporting do. Defaults to True.
        predict_skeletons (bool): Whether predictions hold the anonymized clips as ``anonymized``, which :class:`FreshAttacker` needs.
            Defaults to False.
        data_preprocessor (dict, optional): Defaults to MMAction2's ``ActionDataPreprocessor``, which stacks and casts.

    Raises:
        ValueError: If a loss or an adversary needs a party that is not configured, an attacker has no checkpoint, or an encoder that is not to
            learn comes from none.
    """

    parties = ('anonymizer', 'adversary')

    def __init__(
        self,
        anonymizer: dict,
        recognizer: dict | None = None,
        adversary: dict | None = None,
        losses: dict | None = None,
        attackers: dict | None = None,
        anonymizer_checkpoint: str | None = None,
        load_parties: bool = True,
        predict_skeletons: bool = False,
        data_preprocessor: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='ActionDataPreprocessor'))
        if not load_parties:
            anonymizer_checkpoint = None
            recognizer = recognizer and without_checkpoints(recognizer)
            adversary = adversary and dict(
                adversary, members=_without_checkpoints(adversary['members'])
            )
        self.anonymizer = MODELS.build(anonymizer)
        if load_parties:
            check_encoder(anonymizer, anonymizer_checkpoint)
        self._warm_start = anonymizer_checkpoint
        self.predict_skeletons = predict_skeletons
        self.recognizer = recognizer and build_recognizer(recognizer)
        self.adversary = adversary and MODELS.build(adversary)
        self.losses = nn.ModuleDict({n: MODELS.build(c) for n, c in (losses or {}).items()})
        check_losses(self.losses, self.recognizer, self.adversary)
        check_actions(self.recognizer, self.adversary)
        # A plain dict, so no children: attackers are loaded from their own files, never from or into this model's checkpoints.
        self.attackers = build_attackers(attackers or {})
        # Callables that synchronize gradients between processes; a distributed wrapper replaces them (see call_party).
        self._synchronized: dict[str, nn.Module] = {}

    def _apply(self, fn, *args, **kwargs):
        for attacker in self.attackers.values():
            attacker._apply(fn, *args, **kwargs)
        return super()._apply(fn, *args, **kwargs)

    def init_weights(self) -> None:
        """Initialize the parties, then let the anonymizer start from its checkpoint if it has one."""
        super().init_weights()
        if self._warm_start is not None:
            load_weights(self.anonymizer, self._warm_start, 'anonymizer', prefix='anonymizer.')

    # ------------------------------------------------------------------ forward

    def forward(self, inputs: torch.Tensor, data_samples: list | None = None, mode: str = 'tensor'):
        """The unified entry of MMEngine models.

        Args:
            inputs (Tensor): Shape (N, num_clips, M, T, V, C), normalized body space in metres.
            data_samples (list, optional): N samples with ``gt_label`` and ``gt_private``. Defaults to None.
            mode (str): ``'tensor'`` returns anonymized skeletons of the input's shape, ``'loss'`` the anonymizer's losses,
                ``'predict'`` the samples with predictions of every party. Defaults to ``'tensor'``.

        Raises:
            ValueError: If the mode is none of the three.
        """
        if mode == 'tensor':
            return anonymize_batch(self.anonymizer, inputs, data_samples)
        if mode == 'loss':
            return self._losses(self._outputs(self.anonymizer, inputs, data_samples))
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode must be 'tensor', 'loss' or 'predict', found {mode!r}.")

    def _outputs(
        self, anonymizer: nn.Module, inputs: torch.Tensor, data_samples: list
    ) -> PartyOutputs:
        skeletons = inputs.flatten(0, 1)
        return party_outputs(skeletons, data_samples, anonymizer, self.recognizer, self.adversary)

    @property
    def _action_classes(self) -> int | None:
        return None if self.recognizer is None else self.recognizer.num_classes

    def _losses(self, outputs: PartyOutputs) -> dict[str, torch.Tensor]:
        return {f'loss_{name}': loss(outputs) for name, loss in self.losses.items()}

    def predict(self, inputs: torch.Tensor, data_samples: list) -> list:
        """Predictions of every party on anonymized clips, and how far the anonymizer moved the skeletons.

        Args:
            inputs (Tensor): Shape (N, num_clips, M, T, V, C).
            data_samples (list): N samples.

        Returns:
            list: The samples with ``pred_score`` (action, shape (K,)), ``pred_private`` (from ``adversary.<name>`` and
            ``attacker.<name>`` to attribute, role, and the score or value that its head predicts) and ``fidelity`` (sums over joints, see
            :func:`mmskanon.evaluation.functional.batch_fidelity_sums`).
        """
        skeletons = inputs.flatten(0, 1)
        anonymized = anonymize_batch(self.anonymizer, inputs, data_samples).flatten(0, 1)

        actions = None
        if self.recognizer is not None:
            action_labels(data_samples, self._action_classes)
            action = self.recognizer(anonymized).softmax(-1)
            action = action.view(len(data_samples), -1, action.shape[-1]).mean(1)
            for sample, score in zip(data_samples, action, strict=True):
                sample.set_pred_score(score)
                sample.set_pred_label(score.argmax(-1, keepdim=True))
            # Adversaries that ask for the action get what an attacker would get.
            actions = action.argmax(-1).repeat_interleave(len(skeletons) // len(data_samples))
        private = {}
        if self.adversary is not None:
            for name, logits in self.adversary(anonymized, actions).items():
                private['adversary', name] = self.adversary.head(name), logits
        for name, attacker in self.attackers.items():
            private['attacker', name] = attacker.head, attacker(anonymized)
        predictions = [{} for _ in data_samples]
        for (role, name), (head, logits) in private.items():
            made = head.predictions(logits, len(data_samples))
            for by_name, prediction in zip(predictions, made, strict=True):
                by_name[f'{role}.{name}'] = dict(prediction, role=role)
        layout, moved = self.anonymizer.layout, anonymized.detach().view_as(inputs)
        fidelity = batch_fidelity_sums(
            inputs[..., : layout.dims], moved[..., : layout.dims], layout.bones
        )
        for i, sample in enumerate(data_samples):
            sample.set_field(predictions[i], 'pred_private')
            sample.set_field({k: v[i].item() for k, v in fidelity.items()}, 'fidelity')
            if self.predict_skeletons:
                sample.set_field(moved[i], 'anonymized')
        return data_samples

    # ------------------------------------------------------------------ updates

    def set_synchronized(self, parties: dict[str, nn.Module]) -> None:
        """Name the callables that synchronize the gradients of a party between processes.

        They are deliberately not children of this model, so that state dicts have the same keys with and without them.

        Args:
            parties (dict[str, nn.Module]): From party to its distributed wrapper.
        """
        self._synchronized = dict(parties)

    def _trained(self, party: str) -> nn.Module:
        return self._synchronized.get(party, getattr(self, party))

    def anonymizer_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, torch.Tensor]:
        """One update of the anonymizer against recognizer and adversaries as they stand.

        Args:
            data (dict): A batch as the data loader gives it.
            optim_wrapper (OptimWrapper): The anonymizer's.

        Returns:
            dict[str, Tensor]: Values to log, keys prefixed ``anonymizer/``.
        """
        data = self.data_preprocessor(data, True)
        anonymizer = self._trained('anonymizer')
        with frozen(self.adversary), optim_wrapper.optim_context(anonymizer):
            outputs = self._outputs(anonymizer, data['inputs'], data['data_samples'])
            loss, log_vars = self.parse_losses(self._losses(outputs))
            optim_wrapper.update_params(loss)
        log_vars.update(self._anonymizer_logs(outputs))
        return {f'anonymizer/{k}': v.detach() for k, v in log_vars.items()}

    @torch.no_grad()
    def _anonymizer_logs(self, outputs: PartyOutputs) -> dict[str, torch.Tensor]:
        logs = {}
        if outputs.action_logits is not None:
            logs['action_acc'] = _accuracy(outputs.action_logits, outputs.action_labels)
        sums = batch_fidelity_sums(outputs.original, outputs.anonymized)
        logs['displacement_mm'] = 1000 * sums['sum_dist'].sum() / sums['count'].sum().clamp(min=1)
        before, after = motion_energy(outputs.original), motion_energy(outputs.anonymized.float())
        logs['motion_ratio'] = after / before.clamp(min=1e-12)
        return logs

    def adversary_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, torch.Tensor]:
        """One update of all adversaries on clips from the anonymizer as it stands.

        Args:
            data (dict): A batch as the data loader gives it.
            optim_wrapper (OptimWrapper): The adversaries'.

        Returns:
            dict[str, Tensor]: Values to log, keys prefixed ``adversary/``; ``acc_<name>`` beside ``chance_<name>``, of a regressor
            ``mae_<name>`` beside ``guess_<name>``, the error of always saying the mean.
        """
        data = self.data_preprocessor(data, True)
        adversary = self._trained('adversary')
        with frozen(self.anonymizer), optim_wrapper.optim_context(adversary):
            skeletons = data['inputs'].flatten(0, 1)
            with torch.no_grad():
                anonymized = anonymize_batch(
                    self.anonymizer, data['inputs'], data['data_samples']
                ).flatten(0, 1)
            clips = len(skeletons) // len(data['data_samples'])
            labels = self.adversary.labels(data['data_samples'])
            labels = {n: y.to(skeletons.device).repeat_interleave(clips) for n, y in labels.items()}
            actions = None
            if self.adversary.needs_actions:
                actions = action_labels(data['data_samples'], self._action_classes)
                actions = actions.to(skeletons.device).repeat_interleave(clips)
            logits = adversary(anonymized, actions)
            heads = {n: self.adversary.head(n) for n in logits}
            losses = {f'loss_{n}': heads[n].criterion(logits[n], labels[n]) for n in logits}
            loss, log_vars = self.parse_losses(losses)
            optim_wrapper.update_params(loss)
        for name in logits:
            progress = heads[name].progress(logits[name], labels[name])
            log_vars.update({f'{key}_{name}': value for key, value in progress.items()})
        return {f'adversary/{k}': v.detach() for k, v in log_vars.items()}

    def phase_step(
        self, phase: str, data: dict, optim_wrapper: OptimWrapperDict
    ) -> dict[str, torch.Tensor]:
        """One update of the party that a loop has chosen.

        Args:
            phase (str): ``'anonymizer'`` or ``'adversary'``.
            data (dict): A batch as the data loader gives it.
            optim_wrapper (OptimWrapperDict): The optimizer wrappers of all parties.
        """
        return getattr(self, f'{phase}_step')(data, optim_wrapper[phase])

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, torch.Tensor]:
        """One update of each configured party on the same batch, adversaries first.

        For use with MMEngine's own training loops; :class:`AlternatingTrainLoop` chooses phases itself.
        """
        logs = {}
        for party in ('adversary', 'anonymizer'):
            if party in optim_wrapper:
                logs.update(self.phase_step(party, data, optim_wrapper))
        return logs


def _accuracy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return (logits.detach().argmax(-1) == labels).float().mean()


def _without_checkpoints(members: dict) -> dict:
    return {n: dict(m, checkpoint=None) if 'net' in m else m for n, m in members.items()}
