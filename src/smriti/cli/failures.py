"""What a command may end in that is no bug: one sentence for the person who typed it."""

from typing import Final

from smriti.core.config import ConfigurationError
from smriti.core.errors import AppError
from smriti.db.table import TableError


class CommandFailed(Exception):
    """The command could not do what it was asked; the text says why, and what to do."""


EXPECTED: Final = (CommandFailed, ConfigurationError, AppError, TableError, OSError)


def exit_code(failure: Exception) -> int:
    return 2 if isinstance(failure, ConfigurationError) else 1
