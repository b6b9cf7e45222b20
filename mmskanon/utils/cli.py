# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the command-line tools share: every mistake of the user ends in a sentence, not in a traceback."""

import argparse
import ast
import os
import re
import sys
import traceback
from collections.abc import Callable

from mmengine.config import DictAction

USER_ERRORS = (ValueError, KeyError, TypeError, OSError, ImportError, NotImplementedError)

_NOT_REGISTERED = re.compile(r'(\S+) is not in the (\S+)::(.+?) registry\. ')
_IN_WORKER = re.compile(
    r'Caught \w+ in .*Original Traceback.*\n([\w.]*)(?:Error|Exception): (.*)', re.S
)


class Overrides(DictAction):
    """MMEngine's action for ``--cfg-options key=value ...``, which ends in a usage error where a word is no such pair."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: list[str],
        option_string: str | None = None,
    ) -> None:
        """Parse the words after the option."""
        for word in values:
            if '=' not in word:
                parser.error(f'{option_string} takes key=value, found {word!r}')
        super().__call__(parser, namespace, values, option_string)


def run_tool(main: Callable[[], int | None]) -> None:
    """Run a tool; end a user's mistake in one sentence on stderr and exit status 1.

    Set the environment variable ``MMSKANON_TRACEBACK=1`` to see the traceback instead.

    Args:
        main (Callable): The tool; its return value is the exit status, None meaning 0.
    """
    try:
        status = main()
    except Exception as error:
        if os.environ.get('MMSKANON_TRACEBACK') == '1' or not is_for_user(error):
            raise
        print(f'error: {describe(error)}', file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)
    sys.exit(status or 0)


def is_for_user(error: Exception) -> bool:
    """Whether an exception tells of a user's mistake: it is of such a kind, or a RuntimeError that mmskanon itself raised."""
    return isinstance(error, USER_ERRORS) or (isinstance(error, RuntimeError) and _is_ours(error))


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
    """Whether a function of mmskanon, or a tool, raised the exception."""
    module = ''
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = frame.f_globals.get('__name__', '')
    return module == '__main__' or module.split('.')[0] == 'mmskanon'
