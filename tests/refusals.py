# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How tools end that refuse what they are given."""

MARKS = ('.pth', '.part', 'last_checkpoint', 'out.')


def left(folder) -> list[str]:
    """Checkpoints, exports and unfinished files in a folder; logs are none of them."""
    return sorted(p.name for p in folder.rglob('*') if any(mark in p.name for mark in MARKS))


def assert_refused(done, folder, *words, before=()) -> None:
    """One line on stderr that holds all the words, the exit status of an error, and no output."""
    assert done.code == 1, done.out[-2000:]
    assert done.err.startswith('error: ') and done.err.count('\n') == 1, done.err
    for word in words:
        assert str(word) in done.err, f'{word!r} is not in: {done.err}'
    assert left(folder) == sorted(before)
