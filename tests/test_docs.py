# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Python blocks of the documentation whose first line is ``# tested`` do what they say.

A block that sets ``_base_`` is a config beside those of UTD-MHAD: it is read, and trained for an epoch on a few made-up clips. Any
other block is run as a program; what it prints is compared with the comment lines that end it, if there are any.
"""

import re
import shutil
from pathlib import Path

import pytest
from doc_blocks import REPO, blocks, make_small
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner


def blocks_to_test(is_config: bool) -> list:
    """Blocks that are to be tested, as parameters that are named by page and line."""
    found = []
    for path in [REPO / 'README.md', *sorted((REPO / 'docs').rglob('*.md'))]:
        for title, code, line in blocks(path):
            if title == 'tested' and code.startswith('_base_ = ') == is_config:
                name = f'{path.relative_to(REPO).as_posix()}:{line}'
                found.append(pytest.param(code, id=name))
    return found


@pytest.mark.parametrize('code', blocks_to_test(is_config=False))
def test_a_program_runs_and_prints_what_it_says(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, 'block', 'exec'), {'__name__': '__main__'})
    expected = re.search(r'\n((?:# .*\n)+)\Z', code)
    if expected:
        assert capsys.readouterr().out == re.sub('^# ', '', expected[1], flags=re.MULTILINE)


@pytest.fixture(scope='module')
def configs(tmp_path_factory) -> Path:
    """A copy of the configs, in which a block can be a file beside those of UTD-MHAD."""
    return Path(shutil.copytree(REPO / 'configs', tmp_path_factory.mktemp('docs') / 'configs'))


@pytest.mark.parametrize('code', blocks_to_test(is_config=True))
def test_a_config_trains(code, configs, tmp_path, monkeypatch):
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    init_default_scope('mmskanon')
    file = configs / 'utd_mhad' / 'block.py'
    file.write_text(code, encoding='utf-8')
    cfg = Config.fromfile(file)
    make_small(cfg, tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == len(runner.train_dataloader) > 0


def test_there_are_blocks_to_test():
    assert blocks_to_test(is_config=True)
    assert blocks_to_test(is_config=False)
