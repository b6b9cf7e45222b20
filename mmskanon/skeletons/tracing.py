# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Whether a function runs on numbers or is being recorded as a graph, which must not depend on them."""

import torch

_is_compiling = getattr(torch.compiler, 'is_compiling', lambda: False)  # from PyTorch 2.3 on


def is_traced() -> bool:
    """Tell whether ``torch.compile`` or ``torch.export`` is recording the caller.

    A recorded graph cannot look at values, so loops that end and checks that raise where a value says so need a fixed form there.
    """
    return _is_compiling()
