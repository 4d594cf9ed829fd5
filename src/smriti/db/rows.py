"""The port's verbs as statements on a SQLite connection. Arguments are checked and normal.

The table's BINARY collation orders texts by their UTF-8 bytes, as DynamoDB does. Every range is
half open: `x"00"` after a text is the next text there is, and a blob is greater than any text.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final, assert_never

from smriti.db.body import decode, encode
from smriti.db.position import position_of, scan_position_of, start_of
from smriti.db.rules import INDEX_PK, INDEX_SK
from smriti.db.semantics import changed, holds
from smriti.db.table import (
    PAGE_BYTES,
    TTL,
    Action,
    Check,
    ConditionFailed,
    Delete,
    Get,
    Item,
    ItemPage,
    Key,
    Put,
    Query,
    Read,
    TransactionFailed,
    Update,
)

type Row = tuple[str, str, bytes, str | None, str | None, int | None]
type Bound = str | bytes

_FIRST: Final = ""
_END: Final = b""
_LAST_CHARACTER: Final = "\U0010ffff"

_GET: Final = "SELECT body FROM item WHERE pk = ? AND sk = ?"
_DELETE: Final = "DELETE FROM item WHERE pk = ? AND sk = ?"
_PUT: Final = (
    "INSERT INTO item (pk, sk, body, gsi2_pk, gsi2_sk, ttl) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (pk, sk) DO UPDATE SET body = excluded.body, gsi2_pk = excluded.gsi2_pk,"
    " gsi2_sk = excluded.gsi2_sk, ttl = excluded.ttl"
)
_QUERY: Final = "SELECT body FROM item WHERE pk = ? AND sk >= ? AND sk < ? ORDER BY sk LIMIT ?"
_QUERY_BACK: Final = (
    "SELECT body FROM item WHERE pk = ? AND sk >= ? AND sk < ? ORDER BY sk DESC LIMIT ?"
)
_INDEX: Final = (
    "SELECT body FROM item WHERE gsi2_pk = ? AND gsi2_sk >= ? AND gsi2_sk < ?"
    " AND (gsi2_sk, pk, sk) > (?, ?, ?) ORDER BY gsi2_sk, pk, sk LIMIT ?"
)
_INDEX_BACK: Final = (
    "SELECT body FROM item WHERE gsi2_pk = ? AND gsi2_sk >= ? AND gsi2_sk < ?"
    " AND (gsi2_sk, pk, sk) < (?, ?, ?) ORDER BY gsi2_sk DESC, pk DESC, sk DESC LIMIT ?"
)
_SCAN: Final = "SELECT body FROM item WHERE (pk, sk) > (?, ?) ORDER BY pk, sk LIMIT ?"


def answer(connection: sqlite3.Connection, reads: Sequence[Read]) -> list[Item | ItemPage | None]:
    return [
        find(connection, read.key) if isinstance(read, Get) else page(connection, read)
        for read in reads
    ]


def find(connection: sqlite3.Connection, key: Key) -> Item | None:
    row = connection.execute(_GET, key).fetchone()
    return None if row is None else decode(row[0])


def page(connection: sqlite3.Connection, query: Query) -> ItemPage:
    """One page of a query; `InvalidPosition`."""
    rows = _index_rows(connection, query) if query.index else _rows(connection, query)
    items, more = _taken(rows, query.limit)
    return ItemPage(items, position_of(items[-1], index=query.index) if more else None)


def _rows(connection: sqlite3.Connection, query: Query) -> sqlite3.Cursor:
    low, high = _range_of(query)
    start = start_of(query)
    if query.newest_first:
        high = high if start is None else start[0]
        return connection.execute(_QUERY_BACK, (query.pk, low, high, query.limit))
    low = low if start is None else _next_text(start[0])
    return connection.execute(_QUERY, (query.pk, low, high, query.limit))


def _index_rows(connection: sqlite3.Connection, query: Query) -> sqlite3.Cursor:
    """Sort keys repeat here, so a page starts within its first sort key, after (key, pk, sk)."""
    low, high = _range_of(query)
    start: Sequence[Bound] | None = start_of(query)
    if query.newest_first:
        high = high if start is None else _next_text(str(start[0]))
        after = start or (_END, _END, _END)
        return connection.execute(_INDEX_BACK, (query.pk, low, high, *after, query.limit))
    low = low if start is None else start[0]
    after = start or (_FIRST, _FIRST, _FIRST)
    return connection.execute(_INDEX, (query.pk, low, high, *after, query.limit))


def scan(connection: sqlite3.Connection, start: Key | None, limit: int) -> ItemPage:
    rows = connection.execute(_SCAN, (*(start or (_FIRST, _FIRST)), limit))
    items, more = _taken(rows, limit)
    last = items[-1] if more else {}
    return ItemPage(items, scan_position_of((str(last["pk"]), str(last["sk"]))) if more else None)


def _taken(rows: sqlite3.Cursor, limit: int) -> tuple[list[Item], bool]:
    """Items up to the limit or a megabyte, and whether that ended the page, as in DynamoDB."""
    items: list[Item] = []
    taken_bytes = 0
    for (body,) in rows:
        items.append(decode(body))
        taken_bytes += len(body)
        if len(items) == limit or taken_bytes >= PAGE_BYTES:
            rows.close()
            return items, True
    return items, False


def _range_of(query: Query) -> tuple[Bound, Bound]:
    if query.between is not None:
        low, high = query.between
        return low, _next_text(high)
    return query.begins, _after_prefix(query.begins)


def _next_text(text: str) -> str:
    return f"{text}\0"


def _after_prefix(prefix: str) -> Bound:
    """The first text after all that begin with `prefix`."""
    rest = prefix.rstrip(_LAST_CHARACTER)
    if not rest:
        return _END
    following = ord(rest[-1]) + 1
    return rest[:-1] + chr(0xE000 if following == 0xD800 else following)  # surrogates are no text


def update(connection: sqlite3.Connection, action: Update) -> Item:
    """The new item. `ConditionFailed`."""
    old = find(connection, action.key)
    if action.when is not None and not holds(action.when, old or {}):
        raise ConditionFailed(old)
    new = changed(old, action.key, action.changes)
    connection.execute(_PUT, _row(action.key, new))
    return new


def write(connection: sqlite3.Connection, actions: Sequence[Action]) -> None:
    """All of them or nothing. `ConditionFailed` of a single one, `TransactionFailed` of several."""
    images = _images(connection, actions)
    # Complete before the first is executed: what is refused must not leave half a write behind.
    statements = [_statement(*pair) for pair in zip(actions, images, strict=True)]
    for statement, parameters in filter(None, statements):
        connection.execute(statement, parameters)


def _images(connection: sqlite3.Connection, actions: Sequence[Action]) -> list[Item | None]:
    olds = [_old(connection, action) for action in actions]
    failed = {
        position: old
        for position, (action, old) in enumerate(zip(actions, olds, strict=True))
        if action.when is not None and not holds(action.when, old or {})
    }
    if failed:
        raise ConditionFailed(olds[0]) if len(actions) == 1 else TransactionFailed(failed)
    return [_image(action, old) for action, old in zip(actions, olds, strict=True)]


def _old(connection: sqlite3.Connection, action: Action) -> Item | None:
    needed = action.when is not None or isinstance(action, Update)
    return find(connection, action.key) if needed else None


def _image(action: Action, old: Item | None) -> Item | None:
    match action:
        case Put(item):
            return item
        case Update(key, changes):
            return changed(old, key, changes)
        case Delete() | Check():
            return None
        case _:
            assert_never(action)


def _statement(action: Action, image: Item | None) -> tuple[str, Row | Key] | None:
    if image is not None:
        return _PUT, _row(action.key, image)
    return (_DELETE, action.key) if isinstance(action, Delete) else None


def _row(key: Key, item: Item) -> Row:
    index_pk, index_sk, ttl = item.get(INDEX_PK), item.get(INDEX_SK), item.get(TTL)
    return (
        *key,
        encode(item),
        index_pk if isinstance(index_pk, str) else None,
        index_sk if isinstance(index_sk, str) else None,
        ttl if isinstance(ttl, int) else None,
    )
