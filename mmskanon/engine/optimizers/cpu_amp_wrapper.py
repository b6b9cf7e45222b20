# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Mixed precision where MMEngine's own wrapper refuses to run: bfloat16 on the CPU."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import nn

from mmskanon.registry import OPTIM_WRAPPERS


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware (AVX-512 BF16 or AMX, or the Arm extension)."""
    checks = ('_is_avx512_bf16_supported', '_is_amx_tile_supported', '_is_arm_bf16_supported')
    return any(getattr(torch.cpu, name)() for name in checks if hasattr(torch.cpu, name))


@OPTIM_WRAPPERS.register_module()
class CPUAmpOptimWrapper(OptimWrapper):
    """An ``OptimWrapper`` whose context autocasts CPU operations to bfloat16.

    MMEngine's ``AmpOptimWrapper`` asserts an accelerator. bfloat16 has the exponent range of float32, so no loss scaling is
    needed; weights and optimizer state stay float32.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, and no gradient synchronization between accumulated batches."""
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield


def enable_amp(optim_wrapper: dict, model: Mapping | None = None) -> str:
    """Turn every optimizer wrapper of a config into its mixed-precision counterpart, in place.

    Args:
        optim_wrapper (dict): ``cfg.optim_wrapper`` of one optimizer or of one per party.
        model (Mapping, optional): ``cfg.model``. Defaults to None.

    Returns:
        str: One line that says what was done.

    Raises:
        ValueError: If a wrapper's type is neither ``OptimWrapper`` nor a mixed-precision wrapper, or if losses would be scaled while a
            net learns by a rule that does not scale with them.
    """
    if 'optimizer' in optim_wrapper:
        parties = {'optim_wrapper': optim_wrapper}
    else:
        parties = {
            f'optim_wrapper.{k}': v
            for k, v in optim_wrapper.items()
            if isinstance(v, (dict, ConfigDict))
        }
    on_cpu = get_device() == 'cpu'
    if on_cpu and not cpu_has_bfloat16():
        return '--amp: this CPU has no bfloat16 instructions, training continues in float32.'
    target = 'CPUAmpOptimWrapper' if on_cpu else 'AmpOptimWrapper'
    for key, cfg in parties.items():
        current = cfg.get('type', 'OptimWrapper')
        if current not in ('OptimWrapper', target):
            raise ValueError(
                f"--amp: {key}.type is '{current}', which has no mixed-precision counterpart; "
                f"set it to 'OptimWrapper' or '{target}', or train without --amp."
            )
    trained = {k: v for k, v in (model or {}).items() if k not in ('recognizer', 'attackers')}
    if not on_cpu and _learns_by_sign(trained):
        raise ValueError(
            "--amp: a ShiftGCN with shift_rule='sign' is to be trained, whose rule does not scale with the loss, so the loss scaling of "
            "AmpOptimWrapper would stop its shifts; set shift_rule='gradient', or train without --amp."
        )
    for cfg in parties.values():
        cfg['type'] = target
    return f'--amp: {", ".join(parties)} use {target} ({"bfloat16 on the CPU" if on_cpu else "mixed precision"}).'


def _learns_by_sign(cfg: object) -> bool:
    """Whether a config, or one inside it, is of a ShiftGCN whose shifts learn by the sign of their gradient."""
    if isinstance(cfg, Mapping):
        if str(cfg.get('type')).split('.')[-1] == 'ShiftGCN':
            return cfg.get('shift_rule', 'sign') == 'sign'
        cfg = list(cfg.values())
    return isinstance(cfg, list | tuple) and any(_learns_by_sign(value) for value in cfg)
