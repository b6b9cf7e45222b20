# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the command-line tools share: one-sentence errors and early checks of configs."""

import os
import sys
from collections.abc import Callable

USER_ERRORS = (ValueError, KeyError, TypeError, OSError, ImportError, NotImplementedError)


def root_cause(error: BaseException) -> BaseException:
    """The exception that a registry's ``build`` wrapped, found by following contexts whose message it repeats."""
    while (
        error.__context__ is not None
        and message(error.__context__)
        and message(error.__context__) in message(error)
    ):
        error = error.__context__
    return error


def message(error: BaseException) -> str:
    """The text of an exception, without the quotes that KeyError puts around it."""
    if isinstance(error, KeyError) and len(error.args) == 1:
        return str(error.args[0])
    return str(error)


def run_tool(main: Callable[[], int | None]) -> None:
    """Run a tool; end a user's mistake in one sentence on stderr and exit status 1.

    Set the environment variable ``MMSKANON_TRACEBACK=1`` to see the traceback instead.

    Args:
        main (Callable): The tool; its return value is the exit status, None meaning 0.
    """
    try:
        status = main()
    except USER_ERRORS as error:
        if os.environ.get('MMSKANON_TRACEBACK') == '1':
            raise
        text = ' '.join(message(root_cause(error)).split()) or type(error).__name__
        print(f'error: {text}', file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)
    sys.exit(status or 0)
