"""Positions: where a page ended, as opaque text that may travel through a client.

A query's position never holds the partition that is queried, so one that comes back from a client
cannot lead into another partition.
"""

import base64
import json
from collections.abc import Sequence

from smriti.db.rules import INDEX_SK, MAX_PK_BYTES, MAX_SK_BYTES, is_key
from smriti.db.table import InvalidOperation, InvalidPosition, Item, Key, Query


def position_of(item: Item, *, index: bool = False) -> str:
    """The position right after `item` in a query: what `Query.after` takes."""
    names = (INDEX_SK, "pk", "sk") if index else ("sk",)
    return _sealed([str(item[name]) for name in names])


def start_of(query: Query) -> list[str] | None:
    """The sort key ([gsi2_sk, pk, sk] in the index) to go on after; `InvalidPosition`."""
    if query.after is None:
        return None
    limits = (MAX_SK_BYTES, MAX_PK_BYTES, MAX_SK_BYTES) if query.index else (MAX_SK_BYTES,)
    keys = _opened(query.after, limits)
    low, high = query.between or (keys[0], keys[0])
    if not (keys[0].startswith(query.begins) and low <= keys[0] <= high):
        raise InvalidPosition("The position lies outside of this query.")
    return keys


def scan_position_of(key: Key) -> str:
    return _sealed(list(key))


def scan_start_of(after: str | None, *, limit: int) -> Key | None:
    """The key to go on after; `InvalidPosition`, and `InvalidOperation` for an empty page."""
    if limit < 1:
        raise InvalidOperation("A scan's limit is at least 1.")
    if after is None:
        return None
    pk, sk = _opened(after, (MAX_PK_BYTES, MAX_SK_BYTES))
    return pk, sk


def _sealed(keys: list[str]) -> str:
    text = json.dumps(keys, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _opened(position: str, limits: Sequence[int]) -> list[str]:
    """The key strings that were sealed, each within its limit of bytes; `InvalidPosition`."""
    try:
        padded = position + "=" * (-len(position) % 4)
        keys = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, RecursionError) as error:
        raise InvalidPosition("The position cannot be read.") from error
    if not (
        isinstance(keys, list)
        and len(keys) == len(limits)
        and all(is_key(key, limit) for key, limit in zip(keys, limits, strict=True))
    ):
        raise InvalidPosition("The position is not one of this query.")
    return keys
