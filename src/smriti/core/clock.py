"""Time and ids: aware UTC, fixed-width timestamps, UUIDv7."""

import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from pydantic import BeforeValidator, Field

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

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
    return _id(time.time_ns() // 1_000_000, secrets.randbits(12))


def moment_of(made: str) -> datetime:
    """When an id was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=UUID(made).int >> 80)


def id_at(moment: datetime, place: int) -> str:
    """A UUIDv7 of this time, from 1970 on. Of one millisecond they sort by `place`, below 4096."""
    return _id((moment - EPOCH) // timedelta(milliseconds=1), place)


def id_of(moment: datetime, content: bytes) -> str:
    """A UUIDv7 of this time; for the same content the same again."""
    digest = hashlib.sha256(content).digest()
    place, tail = int.from_bytes(digest[:2]) >> 4, int.from_bytes(digest[2:10]) >> 2
    return _id((moment - EPOCH) // timedelta(milliseconds=1), place, tail)


def _id(milliseconds: int, place: int, tail: int | None = None) -> str:
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | place << 64 | 0b10 << 62
    return str(UUID(int=value | (secrets.randbits(62) if tail is None else tail)))


def read_moment(text: str) -> datetime:
    """The time that a caller wrote in the manner of ISO 8601: a date is its first moment, and UTC
    is meant unless the text says otherwise. `ValueError`."""
    try:
        moment = datetime.fromisoformat(text.strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            "must be a date like 2026-03-01 or a time like 2026-03-01T09:15:00Z"
        ) from error


def _moment(value: object) -> datetime:
    return read_moment(value.isoformat() if isinstance(value, datetime) else str(value))


type Moment = Annotated[datetime, BeforeValidator(_moment)]
"""A time as a caller sends it, in UTC: see `read_moment`."""
