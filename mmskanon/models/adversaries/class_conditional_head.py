# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Classification head that knows the action and reads a private attribute from how it is carried out."""

import torch

from mmskanon.registry import MODELS

from .privacy_head import PrivacyHead


@MODELS.register_module()
class ClassConditionalPrivacyHead(PrivacyHead):
    """A :class:`PrivacyHead` with a classifier of its own for each action.

    What tells people apart differs from action to action; an attacker who first reads the action and then compares with clips of that
    action finds more than one who learns a single boundary. In training the action is the label.

    Args:
        attribute (str): Name of the private attribute, for example ``'subject'``.
        num_classes (int): Number of its values K.
        num_actions (int): Number of actions A.
        in_channels (int): Channels of the features.
        **kwargs: Passed on to ``GCNHead`` (``dropout``, ...).

    Examples:
        >>> import torch
        >>> from mmskanon.models import ClassConditionalPrivacyHead
        >>> head = ClassConditionalPrivacyHead('subject', num_classes=8, num_actions=27, in_channels=16)
        >>> outputs = head(torch.randn(4, 1, 16, 12, 20))
        >>> outputs.shape, head.condition(outputs, torch.tensor([0, 3, 3, 26])).shape
        (torch.Size([4, 216]), torch.Size([4, 8]))
    """

    needs_actions = True

    def __init__(
        self, attribute: str, num_classes: int, num_actions: int, in_channels: int, **kwargs
    ) -> None:
        super().__init__(
            attribute, num_classes=num_classes * num_actions, in_channels=in_channels, **kwargs
        )
        self.num_classes, self.num_actions = num_classes, num_actions

    def condition(self, outputs: torch.Tensor, actions: torch.Tensor | None) -> torch.Tensor:
        """Take the logits of each clip's action; see :meth:`BasePrivacyHead.condition`."""
        if actions is None:
            raise ValueError(
                f"the ClassConditionalPrivacyHead of '{self.attribute}' needs the action of every clip; it can be an adversary, not an attacker"
            )
        if len(actions) and int(actions.max()) >= self.num_actions:
            raise ValueError(
                f"the ClassConditionalPrivacyHead of '{self.attribute}' was built for {self.num_actions} actions, found the label "
                f'{int(actions.max())}; set its num_actions to the number of classes of the recognizer'
            )
        rows = torch.arange(len(outputs), device=outputs.device)
        return outputs.unflatten(1, (self.num_actions, self.num_classes))[rows, actions]
