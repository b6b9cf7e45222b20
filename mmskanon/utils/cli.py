# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the command-line tools share: every mistake of the user ends in a sentence, not in a traceback."""

import argparse
import ast
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, DictAction

from mmskanon.compat import end_cpu_process_group

from .config import adapt_to_cpu, read_config, resolve_model_wrapper, set_work_dir

USER_ERRORS = (ValueError, KeyError, TypeError, OSError, ImportError, NotImplementedError)

_PACKAGE = Path(__file__).parents[1]
_NOT_REGISTERED = re.compile(r'(\S+) is not in the (\S+)::(.+?) registry\. ')
_LABEL_TOO_LARGE = re.compile(r'Target (\d+) is out of bounds')
_IN_WORKER = re.compile(
    r'Caught \w+ in .*Original Traceback.*\n([\w.]*)(?:Error|Exception): (.*)', re.S
)


class Overrides(DictAction):
    """MMEngine's action for ``--cfg-options key=value ...``, which ends in a usage error where a word is no such pair.

    Spaces within a value stay, such as those of a path; MMEngine's removes them. A value in braces, or a list of such, is a Python literal,
    which MMEngine's does not know; a dict takes the place of what was there:
    ``"partition={'train': {'by': 'trial', 'values': [1]}, 'test': ...}"``.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: list[str],
        option_string: str | None = None,
    ) -> None:
        """Parse the words after the option."""
        parsed = dict(getattr(namespace, self.dest, None) or {})
        for word in values:
            key, found, value = word.partition('=')
            if not found:
                parser.error(f'{option_string} takes key=value, found {word!r}')
            if not value.lstrip('[( ').startswith('{'):
                try:
                    parsed[key] = _parse_value(value)
                except ValueError as error:
                    parser.error(f'{option_string}: the value of {key} {error}')
                continue
            try:
                literal = ast.literal_eval(value)
            except (SyntaxError, ValueError):
                parser.error(
                    f'{option_string}: the value of {key} is no Python literal such as '
                    f"{{'by': 'subject', 'values': [1, 2]}}, found {value!r}"
                )
            parsed[key] = dict(literal, _delete_=True) if isinstance(literal, dict) else literal
        setattr(namespace, self.dest, parsed)


def _parse_value(text: str) -> Any:
    """A list for ``[a,b]`` and ``a,b``, a tuple for ``(a,b)``, else a number, a boolean, None or the text itself.

    Raises:
        ValueError: If brackets around several values do not pair.
    """
    text = text.strip().strip('\'"')
    around = text[:1] + text[-1:]
    inner = text[1:-1] if around in ('[]', '()') else text
    if inner is text and ',' not in text:
        return DictAction._parse_int_float_bool(text)
    parts, opened = [''], []
    for letter in inner:
        if letter in '[(':
            opened.append(dict(zip('[(', '])', strict=True))[letter])
        elif letter in '])' and (not opened or opened.pop() != letter):
            break
        if letter == ',' and not opened:
            parts.append('')
        else:
            parts[-1] += letter
    else:
        if not opened:
            values = [_parse_value(p) for p in (parts if parts[-1].strip() else parts[:-1])]
            return tuple(values) if around == '()' else values
    raise ValueError(f'has brackets that do not pair, found {text!r}')


def split_name(word: str) -> tuple[str | None, str]:
    """Split a word of the command line that is ``FILE`` or ``NAME=FILE``, or several files with commas between them.

    Args:
        word (str): The word.

    Returns:
        tuple[str | None, str]: The name, None where there is none, and the rest; a file that is there may have ``=`` in its path.
    """
    name, equals, rest = word.partition('=')
    is_file = any(Path(path).is_file() for path in (word, word.partition(',')[0]))
    return (name, rest) if equals and not is_file else (None, word)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every tool that builds a runner: overrides of the config, and the launcher.

    Args:
        parser (argparse.ArgumentParser): Parser of the tool, changed in place.
    """
    parser.add_argument(
        '--cfg-options', nargs='+', action=Overrides, help='overrides: key=value, lists as "[a,b]"'
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def read_run_config(args: argparse.Namespace, needs: Sequence[str]) -> Config:
    """Read the config of a tool that builds a runner, and fit it to work directory, launcher and machine.

    Args:
        args (argparse.Namespace): The command line, with ``config``, ``work_dir`` and what :func:`add_run_arguments` adds.
        needs (Sequence[str]): Top-level keys that the tool cannot do without.

    Returns:
        Config: The config.

    Raises:
        FileNotFoundError, ValueError, ImportError, KeyError: As :func:`~mmskanon.utils.config.read_config` does.
    """
    of_mpi = os.environ.get('OMPI_COMM_WORLD_LOCAL_RANK') if args.launcher == 'mpi' else None
    os.environ.setdefault('LOCAL_RANK', of_mpi or str(args.local_rank))
    cfg = read_config(args.config, args.cfg_options, needs)
    set_work_dir(cfg, args.work_dir, args.config)
    cfg.launcher = args.launcher
    adapt_to_cpu(cfg, args.launcher)
    resolve_model_wrapper(cfg)
    return cfg


def check_device(name: str, option: str = '--device') -> None:
    """Check that tensors can be made on a device.

    Args:
        name (str): The device, such as ``'cuda:0'``.
        option (str): What it was given by, for the message. Defaults to ``'--device'``.

    Raises:
        ValueError: If they cannot.
    """
    try:
        torch.empty(0, device=name)
    except (AssertionError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f'{option} {name} cannot be used here ({reason}); leave it out, or use {option} cpu.'
        ) from error


def add_annotation_output(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every tool that writes an annotation file.

    Args:
        parser (argparse.ArgumentParser): Parser of the tool, changed in place.
    """
    parser.add_argument('out', type=Path, help='annotation file to write (.pkl)')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace the annotation file if it exists'
    )


def run_converter(convert: Callable[[argparse.Namespace], None], args: argparse.Namespace) -> None:
    """Run a tool that writes an annotation file; end a user's mistake or an interruption in one sentence.

    Args:
        convert (Callable): Makes and writes the file, given the command line.
        args (argparse.Namespace): The command line, with what :func:`add_annotation_output` adds.
    """
    try:
        if args.out.exists() and not args.overwrite:
            raise FileExistsError(
                f'{args.out} exists already; choose another name or pass --overwrite.'
            )
        convert(args)
    except BrokenPipeError:  # for run_tool
        raise
    except KeyboardInterrupt:
        sys.exit(f'Interrupted; {args.out} was not written.')
    except (ValueError, OSError) as error:
        sys.exit(f'Error: {error}')


def run_tool(main: Callable[[], int | None]) -> None:
    """Run a tool; end a user's mistake in one sentence on stderr and exit status 1.

    Where nobody reads its output any more, as after ``| head -1``, it ends with exit status 1 and says nothing.

    Set the environment variable ``MMSKANON_TRACEBACK=1`` to see the traceback instead.

    Args:
        main (Callable): The tool; its return value is the exit status, None meaning 0.
    """
    try:
        status = main()
        sys.stdout.flush()
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            sys.exit(1)
        if os.environ.get('MMSKANON_TRACEBACK') == '1' or not is_for_user(error):
            raise
        print(f'error: {describe(error)}', file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)
    end_cpu_process_group(status or 0)
    sys.exit(status or 0)


def _nobody_reads() -> bool:
    """Whether standard output is a pipe whose reader is gone; what is left of it is then thrown away."""
    try:
        print(flush=True)  # the write that failed has emptied the buffer
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def is_for_user(error: Exception) -> bool:
    """Whether an exception is of a kind that tells of a user's mistake."""
    return isinstance(error, USER_ERRORS) or bool(_LABEL_TOO_LARGE.match(str(error)))


def describe(error: Exception) -> str:
    """Make an exception readable for those who do not know the code.

    Args:
        error (Exception): The exception.

    Returns:
        str: Its message, in one line, or in several where it lists several problems. The traceback that a data-loader worker
        puts around it and the quotes of ``KeyError`` are removed. Where the message was not written by mmskanon, the way to
        the traceback is added.
    """
    text = message(error)
    in_worker = _IN_WORKER.match(text)
    if in_worker is not None:
        kind, text = in_worker.groups()
        text = ast.literal_eval(text) if kind == 'Key' else text
    unregistered = _NOT_REGISTERED.match(text)
    if unregistered is not None:
        name, scope, registry = unregistered.groups()
        return (
            f"type='{name}' is not known: the {registry} registry of {scope} has no such name; correct the spelling in the config, "
            'or name the module that registers it in custom_imports.'
        )
    label = _LABEL_TOO_LARGE.match(text)  # raised by PyTorch's loss, below a stock head on the CPU
    if label is not None:
        return (
            f'the data have at least {int(label[1]) + 1} classes, the head was built for fewer; set num_classes of the head in the '
            'config to the number of classes in the annotation file.'
        )
    text = '\n'.join(line.rstrip() for line in text.strip().splitlines())
    own_words = (
        _is_ours(error) or in_worker is not None or isinstance(error, (OSError, ImportError))
    )
    if own_words and text:
        return text
    return f'{type(error).__name__}: {text} (set MMSKANON_TRACEBACK=1 to see where)'


def message(error: Exception) -> str:
    """The text of an exception, without the quotes that KeyError puts around it."""
    if isinstance(error, KeyError) and len(error.args) == 1:
        return str(error.args[0])
    return str(error)


def _is_ours(error: Exception) -> bool:
    """Whether a function of mmskanon, or a tool, raised the exception, here or in a worker process."""
    remote = getattr(error.__cause__, 'tb', None)  # a pool of processes sends the traceback as text
    if isinstance(remote, str):
        files = re.findall(r'^  File "(.+?)", line', remote, re.MULTILINE)
        return bool(files) and _PACKAGE in Path(files[-1]).parents
    module = ''
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = frame.f_globals.get('__name__', '')
    return module == '__main__' or module.split('.')[0] == 'mmskanon'
