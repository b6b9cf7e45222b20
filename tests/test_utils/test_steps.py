# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Steps are run once, in their own process, and a failure says where its output is."""

import os

import pytest

from mmskanon.utils import run_step

TOOL = """
import os, pathlib, sys
print('told', *sys.argv[1:], os.environ.get('WORD'), pathlib.Path.cwd().name)
with open('calls', 'a') as file:
    file.write('x')
if sys.argv[1] == 'fail':
    print('error: a sentence.', file=sys.stderr)
    sys.exit(3)
if sys.argv[1] != 'nothing':
    pathlib.Path(sys.argv[1]).write_text('done')
"""


@pytest.fixture
def step(tmp_path):
    (tmp_path / 'tool.py').write_text(TOOL)
    folder = tmp_path / 'here'
    folder.mkdir()

    def run(result, *args, log='logs/step.log'):
        env = dict(os.environ, WORD='word')
        return run_step(
            'a step', result, tmp_path / log, tmp_path / 'tool.py', *args, cwd=folder, env=env
        )

    return run


def calls(tmp_path):
    return len((tmp_path / 'here' / 'calls').read_text())


def test_a_step_is_run_until_its_result_exists(step, tmp_path):
    result = tmp_path / 'here' / 'out'
    assert step(result, 'out', 7) > 0
    assert (tmp_path / 'logs' / 'step.log').read_text() == 'told out 7 word here\n'
    assert (tmp_path / 'logs' / 'step.seconds').read_text() == '0\n'
    assert step(result, 'out', 7) is None and calls(tmp_path) == 1
    result.unlink()
    assert step(result, 'out', 7) is not None and calls(tmp_path) == 2


def test_without_a_known_result_the_end_of_the_step_counts(step, tmp_path):
    with pytest.raises(ChildProcessError):
        step(None, 'fail')
    assert step(None, 'nothing') is not None
    assert step(None, 'nothing') is None and calls(tmp_path) == 2


@pytest.mark.parametrize(
    ('word', 'reason'),
    [
        ('fail', 'exit status 3: error: a sentence.'),
        ('nothing', 'no .*out: told nothing word here'),
    ],
)
def test_a_failure_names_the_last_line_and_the_log(step, tmp_path, word, reason):
    with pytest.raises(
        ChildProcessError, match=rf'the step "a step" failed \({reason}\)'
    ) as caught:
        step(tmp_path / 'here' / 'out', word)
    assert str(caught.value).endswith(f'its whole output is in {tmp_path / "logs" / "step.log"}')
    assert not (tmp_path / 'logs' / 'step.seconds').exists()


def test_logs_with_dots_in_their_names_keep_apart(step, tmp_path):
    assert step(None, 'nothing', log='logs/weight-0.3.log') is not None
    assert step(None, 'nothing', log='logs/weight-0.7.log') is not None
