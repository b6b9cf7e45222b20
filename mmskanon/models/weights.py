# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Strict loading of weights, with errors that say what does not fit."""

from torch import nn

from mmskanon.io.checkpoints import load_checkpoint


def load_weights(net: nn.Module, checkpoint: str, role: str, prefix: str = '') -> None:
    """Load weights strictly.

    Args:
        net (nn.Module): The module, modified in place. If it has a method ``adopt_state``, this may first rename what it takes from
            elsewhere.
        checkpoint (str): Path of a checkpoint with a ``state_dict`` or of a bare state dict, of a module compiled or not.
        role (str): What the module is, for error messages, for example ``'recognizer'``.
        prefix (str): Read only the keys under this prefix if there are any, and strip it. Defaults to ``''``.

    Raises:
        ValueError: If keys are missing, unknown, or differ in shape (for instance another number of classes).
    """
    loaded = load_checkpoint(checkpoint)
    state = loaded.get('state_dict', loaded)
    # torch.compile wraps a module in another one, which stands in the keys wherever what was saved had been compiled.
    state = {k.replace('_orig_mod.', ''): v for k, v in state.items()}
    net = getattr(net, '_orig_mod', net)
    state = {k: v for k, v in state.items() if not k.startswith('data_preprocessor.')}
    if prefix and any(k.startswith(prefix) for k in state):
        state = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    if hasattr(net, 'adopt_state'):
        state = net.adopt_state(state)
    expected = net.state_dict()
    wrong = [
        k for k in expected if k in state and expected[k].shape != getattr(state[k], 'shape', None)
    ]
    if wrong:
        key = next((k for k in wrong if 'cls_head' in k), wrong[0])
        found = getattr(state[key], 'shape', type(state[key]).__name__)
        raise ValueError(
            f'{role}: checkpoint {checkpoint} has {key} of shape {tuple(found)}, the config builds '
            f'{tuple(expected[key].shape)}; use the config that trained it: same number of classes, joints and channels.'
        )
    missing = sorted(expected.keys() - state.keys())
    unknown = sorted(state.keys() - expected.keys())
    if missing or unknown:
        raise ValueError(
            f'{role}: checkpoint {checkpoint} does not fit the config: {len(missing)} keys missing (first: '
            f'{missing[0] if missing else "none"}), {len(unknown)} keys unknown (first: {unknown[0] if unknown else "none"}); '
            'use the config that trained it.'
        )
    net.load_state_dict(state)
