# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import warnings

import pytest
from mmengine.fileio import FileClient, file_client

from mmskanon.compat import silence_unactionable_warnings


@pytest.mark.parametrize(
    ('message', 'category', 'module'),
    [
        ('`torch.jit.script` is deprecated. Please', DeprecationWarning, 'torch.jit._script'),
        (
            'Fail to import ``MultiScaleDeformableAttention`` from ``mmcv.ops',
            UserWarning,
            'mmcv.cnn.bricks.transformer',
        ),
        ('pkg_resources is deprecated as an API. See', UserWarning, 'mmengine.utils.package_utils'),
        ('pkg_resources is deprecated as an API. See', UserWarning, 'importlib'),
        (
            '`torch.cuda.amp.GradScaler(args...)` is deprecated.',
            FutureWarning,
            'mmengine.optim.optimizer.amp_optimizer_wrapper',
        ),
        (
            '`broadcast_buffers` is deprecated. Use `forward_sync_buffers`',
            FutureWarning,
            'mmengine.model.wrappers.distributed',
        ),
    ],
)
def test_only_the_listed_warnings_are_silenced(message, category, module):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        silence_unactionable_warnings()
        warnings.warn_explicit(message, category, 'file.py', 1, module=module)
        assert caught == []
        warnings.warn_explicit(message, category, 'file.py', 1, module='users.module')
        warnings.warn_explicit('Something else', category, 'file.py', 1, module=module)
    assert [str(item.message) for item in caught] == [message, 'Something else']


def test_file_clients_do_not_announce_their_deprecation(capsys):
    FileClient('disk')
    file_client.print_log('shown', logger=None)
    assert capsys.readouterr().out == 'shown\n'
