"""Dates as a model writes them."""

from datetime import datetime, timedelta

from smriti.core.clock import read_moment
from smriti.tools.toolset import ToolFailed

Day = str | None  # no `type`: tools' schemas must not refer to anything outside them

_DAY = timedelta(days=1)
_DATE_CHARACTERS = len("2026-03-01")


def first_moment(name: str, day: Day) -> datetime | None:
    """From when on, when an argument of this name says so; a time is taken as it is."""
    return _moment(name, day, timedelta(0))


def last_moment(name: str, day: Day) -> datetime | None:
    """Before when, when a day is the last one."""
    return _moment(name, day, _DAY)


def _moment(name: str, day: Day, later: timedelta) -> datetime | None:
    text = (day or "").strip()
    if not text:
        return None
    try:
        moment = read_moment(text)
        return moment + later if len(text) <= _DATE_CHARACTERS else moment
    except (ValueError, OverflowError) as error:
        raise ToolFailed(
            f"Error: {name} must be a day like 2026-03-01, not {text[:50]!r}."
        ) from error
