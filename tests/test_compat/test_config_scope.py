# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
from mmengine.config.utils import MODULE2PACKAGE


def test_configs_of_this_package_may_be_inherited():
    assert MODULE2PACKAGE['mmskanon'] == 'mmskanon'
    assert MODULE2PACKAGE['mmaction'] == 'mmaction2'
