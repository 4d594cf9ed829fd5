"""Time and ids: aware UTC, fixed-width timestamps, UUIDv7."""

import secrets
import time
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

type Id = Annotated[str, Field(max_length=200)]
"""An id as a caller sends it: any text, but short enough to be part of a key."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def unix_now() -> int:
    """Seconds since 1970, the unit of the table's `ttl` attribute."""
    return int(time.time())


def sort_time(moment: datetime) -> str:
    """`moment` as a sort key: UTC, always six fraction digits, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits. Sorts by age."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))
