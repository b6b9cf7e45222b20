# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark anonymizes a file that it generates, within a limit."""

import re
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'memory.py'


@pytest.mark.parametrize(('limit', 'code'), [('4', 0), ('0.01', 1)])
def test_it_tells_what_was_used(capfd, monkeypatch, limit, code):
    monkeypatch.setenv('PYTHONPATH', str(SCRIPT.parents[1]))
    main = runpy.run_path(str(SCRIPT))['main']
    assert bool(main(['--gigabytes', '0.003', '--limit', limit])) == bool(code)
    told = capfd.readouterr().out
    assert re.search(r'file: 0.00 GiB; limit: .*; largest resident set: \d', told)
    assert ('wrote 35 anonymized' in told) == (code == 0)
