# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import argparse
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from mmengine.config import DictAction
from mmengine.registry import Registry
from torch._utils import ExceptionWrapper

from mmskanon.datasets.splits import select_split
from mmskanon.utils import (
    Overrides,
    add_run_arguments,
    read_config,
    read_run_config,
    run_tool,
    split_name,
)
from mmskanon.utils.cli import describe, is_for_user

HINT = '(set MMSKANON_TRACEBACK=1 to see where)'


def raised(function, *args, **kwargs) -> Exception:
    try:
        function(*args, **kwargs)
    except Exception as error:
        return error
    raise AssertionError('nothing was raised')


def raising(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ('launcher', 'environment', 'rank'),
    [
        ('mpi', dict(OMPI_COMM_WORLD_LOCAL_RANK='3'), '3'),
        ('mpi', dict(OMPI_COMM_WORLD_LOCAL_RANK='3', LOCAL_RANK='1'), '1'),
        ('pytorch', dict(OMPI_COMM_WORLD_LOCAL_RANK='3'), '0'),
        ('none', {}, '0'),
    ],
)
def test_the_local_rank_is_what_the_launcher_says(
    launcher, environment, rank, tmp_path, monkeypatch
):
    for name in ('LOCAL_RANK', 'OMPI_COMM_WORLD_LOCAL_RANK'):
        monkeypatch.setenv(name, '')  # restored afterwards, also where it was not set
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / 'config.py').write_text('model = dict()')
    parser = argparse.ArgumentParser()
    add_run_arguments(parser)
    args = parser.parse_args(['--launcher', launcher])
    args.config, args.work_dir = str(tmp_path / 'config.py'), None
    read_run_config(args, [])
    assert os.environ['LOCAL_RANK'] == rank


class TestRunTool:
    @pytest.mark.parametrize(('returned', 'status'), [(None, 0), (0, 0), (3, 3)])
    def test_what_main_returns_is_the_exit_status(self, returned, status):
        with pytest.raises(SystemExit) as end:
            run_tool(lambda: returned)
        assert end.value.code == status

    def test_a_mistake_of_the_user_is_one_line(self, capsys):
        with pytest.raises(SystemExit) as end:
            run_tool(lambda: select_split([], None))
        out, err = capsys.readouterr()
        assert end.value.code == 1
        assert out == ''
        assert err.startswith('error: the annotations hold no sample') and err.count('\n') == 1

    def test_an_interruption_is_no_error(self, capsys):
        with pytest.raises(SystemExit) as end:
            run_tool(raising(KeyboardInterrupt))
        assert end.value.code == 130
        assert capsys.readouterr().err == 'interrupted\n'

    @pytest.mark.parametrize('error', [AssertionError('ours'), RuntimeError('of PyTorch')])
    def test_a_fault_of_the_program_shows_its_traceback(self, error):
        with pytest.raises(type(error)):
            run_tool(raising(error))

    @pytest.mark.parametrize('lines', [1, 100_000])
    def test_a_reader_that_is_gone_ends_it_quietly(self, lines):
        """As after ``| head -1``; little output is written when the tool ends, much of it before."""
        program = f"""
import sys
from mmskanon.utils import run_tool

def main():
    print('first', flush=True)
    sys.stdin.read()  # until the reader is gone
    for _ in range({lines}):
        print('further')

run_tool(main)
"""
        pipes = dict.fromkeys(('stdin', 'stdout', 'stderr'), subprocess.PIPE)
        with subprocess.Popen([sys.executable, '-c', program], **pipes) as process:
            assert process.stdout.readline() == b'first\n'
            process.stdout.close()
            process.stdin.close()
            assert process.stderr.read() == b''
            assert process.wait(timeout=60) == 1

    def test_another_broken_pipe_is_told(self, capsys):
        with pytest.raises(SystemExit) as end:
            run_tool(raising(BrokenPipeError('of a worker')))
        assert end.value.code == 1
        assert capsys.readouterr().err == 'error: of a worker\n'

    def test_every_tool_is_run_by_it(self):
        tools = Path(__file__).resolve().parents[2] / 'tools'
        for path in tools.rglob('*.py'):
            if path.name != 'dev.py':  # which needs nothing installed
                assert path.read_text().endswith("== '__main__':\n    run_tool(main)\n"), path

    def test_the_traceback_can_be_asked_for(self, monkeypatch):
        monkeypatch.setenv('MMSKANON_TRACEBACK', '1')
        with pytest.raises(ValueError, match='no sample'):
            run_tool(lambda: select_split([], None))


class TestDescribe:
    def test_our_own_sentence_is_left_alone(self):
        error = raised(select_split, dict(annotations=[], split=dict(test=['a'])), 'train')
        assert isinstance(error, KeyError)
        assert describe(error) == (
            "the annotations have no split 'train': choose one of ['test'], or use a rule"
        )

    def test_a_sentence_that_quotes_another_keeps_its_own_words(self, tmp_path):
        """The error below names no file; ours that wraps it does."""
        from mmskanon.io import load_annotations

        (tmp_path / 'cut.pkl').write_bytes(b'\x80\x04\x95\xff')
        error = raised(load_annotations, tmp_path / 'cut.pkl')
        assert error.__context__ is not None
        assert describe(error).startswith(f'{tmp_path / "cut.pkl"} is truncated')

    def test_our_own_sentence_is_known_after_a_worker_process_raised_it(self):
        with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
            ours = raised(pool.submit(select_split, [], None).result)
            others = raised(pool.submit(int, 'x').result)
        assert describe(ours).startswith('the annotations hold no sample at all')
        assert describe(others).startswith('ValueError: invalid literal') and HINT in describe(
            others
        )

    def test_a_library_in_a_checkout_of_that_name_is_not_ours(self):
        error = ValueError('lost')
        error.__cause__ = ValueError()
        error.__cause__.tb = '  File "/home/me/mmskanon/.venv/lib/other/x.py", line 3, in f\n'
        assert describe(error).startswith('ValueError: lost') and HINT in describe(error)

    def test_the_words_of_others_come_with_a_way_to_the_traceback(self):
        error = raised(int, 'x')
        error.__traceback__ = None
        assert describe(error) == (
            f"ValueError: invalid literal for int() with base 10: 'x' {HINT}"
        )
        assert describe(raised({}.__getitem__, 'lost')) == f'KeyError: lost {HINT}'

    def test_files_need_no_such_hint(self, tmp_path):
        error = raised(open, tmp_path / 'nowhere')
        assert describe(error).endswith(f"No such file or directory: '{tmp_path / 'nowhere'}'")

    def test_an_error_without_words_has_a_name(self):
        assert describe(ValueError()) == f'ValueError:  {HINT}'

    def test_a_name_that_is_not_registered(self):
        registry = Registry('model', scope='mmskanon')
        text = describe(raised(registry.build, dict(type='UNett')))
        assert text.startswith("type='UNett' is not known: the model registry of mmskanon")
        assert 'spelling' in text and 'custom_imports' in text and 'http' not in text

    def test_an_error_in_a_worker_of_the_data_loader(self):
        sentence = "sample 'a1' of the file: expected this, found that; do so"
        for kind in (KeyError, ValueError):
            try:
                raise kind(sentence)
            except kind:
                carried = ExceptionWrapper(where='in DataLoader worker process 0')
            error = raised(carried.reraise)
            assert 'Traceback' in str(error)
            assert describe(error) == sentence

    def test_a_list_of_problems_keeps_its_lines(self):
        assert describe(ValueError('2 errors:\n  a\n  b')).startswith(
            'ValueError: 2 errors:\n  a\n  b'
        )


def test_only_the_kinds_of_errors_that_users_make_are_for_them():
    assert is_for_user(ValueError('x')) and not is_for_user(AssertionError('x'))
    assert not is_for_user(raised(raising(RuntimeError('CUDA out of memory'))))


class TestOverrides:
    @pytest.fixture
    def parser(self):
        parser = argparse.ArgumentParser()
        parser.add_argument('--cfg-options', nargs='+', action=Overrides)
        return parser

    def test_values_are_parsed(self, parser):
        words = ['a.b=1', 'c=[x,(2,0.5)]', 'd=e=f', 'g=None', 'h=True']
        assert parser.parse_args(['--cfg-options', *words]).cfg_options == {
            'a.b': 1,
            'c': ['x', (2, 0.5)],
            'd': 'e=f',
            'g': None,
            'h': True,
        }

    @pytest.mark.parametrize(
        ('value', 'parsed'),
        [
            ('/my data/a b.pkl', '/my data/a b.pkl'),
            ('"/my data/a b.pkl"', '/my data/a b.pkl'),
            ('[/my data/a.pkl, /b.pkl]', ['/my data/a.pkl', '/b.pkl']),
            ("[('adversary', 1), [a b, 0.5]]", [('adversary', 1), ['a b', 0.5]]),
            ('x, 2', ['x', 2]),
            ('(1,)', (1,)),
            ('[]', []),
            ('', ''),
        ],
    )
    def test_spaces_of_names_stay(self, parser, value, parsed):
        assert parser.parse_args(['--cfg-options', f'a={value}']).cfg_options == dict(a=parsed)

    @pytest.mark.parametrize('value', ['[1,2', '1,]2', '[(1,2],3)'])
    def test_brackets_that_do_not_pair_are_a_usage_error(self, parser, capsys, value):
        with pytest.raises(SystemExit) as end:
            parser.parse_args(['--cfg-options', f'a={value}'])
        assert end.value.code == 2
        assert 'the value of a has brackets that do not pair, found' in capsys.readouterr().err

    @pytest.mark.parametrize(
        'value',
        ['1', '-2', '1e-3', 'true', 'None', 'none', 'a', '1,2', '[1,[a,(b,2)]]', "'x'", '(1)'],
    )
    def test_without_spaces_values_are_those_of_mmengine(self, parser, value):
        (parsed,) = parser.parse_args(['--cfg-options', f'a={value}']).cfg_options.values()
        expected = DictAction._parse_iterable(value)
        assert parsed == expected and type(parsed) is type(expected)

    def test_literals_take_the_place_of_what_was_there(self, parser, tmp_path):
        (tmp_path / 'c.py').write_text("a = dict(split='train', b=[dict(x=1)])\nd = dict(old=1)")
        words = [
            "a.split={'by': 'subject', 'values': [1, 2], 'of': {'by': 'trial', 'values': 1}}",
            "d={'new': None}",
            "e=[{'x': 1}, {'x': 2}]",
            "a.f={'y': 3}",
            'g=2',
        ]
        options = parser.parse_args(['--cfg-options', *words]).cfg_options
        cfg = read_config(str(tmp_path / 'c.py'), options).to_dict()
        assert cfg['a']['split'] == dict(by='subject', values=[1, 2], of=dict(by='trial', values=1))
        assert cfg['d'] == dict(new=None) and cfg['e'] == [dict(x=1), dict(x=2)]
        assert cfg['a']['f'] == dict(y=3) and cfg['a']['b'] == [dict(x=1)] and cfg['g'] == 2

    def test_a_broken_literal_is_a_usage_error(self, parser, capsys):
        with pytest.raises(SystemExit):
            parser.parse_args(['--cfg-options', "a={'by': subject}"])
        assert 'the value of a is no Python literal' in capsys.readouterr().err

    def test_a_word_without_a_value_is_a_usage_error(self, parser, capsys):
        with pytest.raises(SystemExit) as end:
            parser.parse_args(['--cfg-options', 'a=1', 'b'])
        assert end.value.code == 2
        assert "--cfg-options takes key=value, found 'b'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ('word', 'expected'),
    [
        ('a.pkl', (None, 'a.pkl')),
        ('unet=a.pkl', ('unet', 'a.pkl')),
        ('noise=a.pkl,b.pkl', ('noise', 'a.pkl,b.pkl')),
        ('run=3/there.pkl', (None, 'run=3/there.pkl')),
        ('run=3/there.pkl,run=3/b.pkl', (None, 'run=3/there.pkl,run=3/b.pkl')),
        ('mine=run=3/there.pkl', ('mine', 'run=3/there.pkl')),
    ],
)
def test_a_file_whose_path_has_an_equals_sign_has_no_name(word, expected, tmp_path, monkeypatch):
    (tmp_path / 'run=3').mkdir()
    (tmp_path / 'run=3' / 'there.pkl').touch()
    monkeypatch.chdir(tmp_path)
    assert split_name(word) == expected
