# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What is raised for files that cannot or must not be read."""


class CorruptFileError(ValueError):
    """A file is truncated, damaged or of another kind than expected."""


class UnsafePickleError(ValueError):
    """A pickle asks for something that is not plain data.

    Attributes:
        refused (str): What was asked for, as ``module.name`` for a global.
    """

    refused = ''

    @classmethod
    def of(cls, refused: str, source: str = 'the pickle', advice: str = '') -> 'UnsafePickleError':
        """Make the error.

        Args:
            refused (str): What was asked for.
            source (str): The file, or what else was read. Defaults to 'the pickle'.
            advice (str): What the user can do instead, a full sentence. Defaults to ''.

        Returns:
            UnsafePickleError: The error, to be raised.
        """
        message = (
            f"{source} asks for '{refused}', which is not among the plain data types that are "
            'loaded; it was refused and nothing in the file was executed.'
        )
        error = cls(f'{message} {advice}'.rstrip())
        error.refused = refused
        return error
