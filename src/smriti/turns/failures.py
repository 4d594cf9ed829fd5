"""What a person is told of an error that ended a turn."""

import structlog

from smriti.core.errors import AppError, Unavailable
from smriti.db.table import TableBusy, TableUnavailable

log = structlog.get_logger()


def told(error: Exception) -> AppError:
    """The failure for the turn's last event. What is nobody's fault but ours is logged."""
    match error:
        case AppError():
            return error
        case TableBusy() | TableUnavailable():
            log.error("turn.not_stored", exc_info=error)
            return Unavailable("The store does not answer. Send the message again.")
        case _:
            log.error("turn.failed_by_bug", exc_info=error)
            return AppError("Internal server error")
