"""An item as the bytes of one SQLite row: JSON; what JSON lacks stands in tagged objects.

`{"$b": base64}` is bytes, `{"$n": digits}` an integer beyond 64 bits; a name that starts with `$`
gets another `$` in front. A body with any of these starts with `$` itself; the others, nearly all,
are read without a walk through their values.
"""

from base64 import b64decode, b64encode
from typing import Final

import orjson

from smriti.db.table import Item, Value

_TAGGED: Final = b"$"
_LARGEST_PLAIN: Final = 2**63 - 1


def encode(item: Item) -> bytes:
    try:
        body = orjson.dumps(item)
    except TypeError:  # bytes, or a long integer
        return _TAGGED + orjson.dumps(_tagged(item))
    return _TAGGED + orjson.dumps(_tagged(item)) if b'"$' in body else body


def decode(body: bytes) -> Item:
    if not body.startswith(_TAGGED):
        item: Item = orjson.loads(body)
        return item
    tagged: Item = orjson.loads(memoryview(body)[1:])
    return {_unescaped(name): _untagged(value) for name, value in tagged.items()}


def _tagged(value: Value) -> Value:
    match value:
        case bytes():
            return {"$b": b64encode(value).decode()}
        case int() if abs(value) > _LARGEST_PLAIN:
            return {"$n": str(value)}
        case list():
            return [_tagged(entry) for entry in value]
        case dict():
            return {_escaped(name): _tagged(entry) for name, entry in value.items()}
        case _:
            return value


def _untagged(value: Value) -> Value:
    match value:
        case {"$b": str(text)}:
            return b64decode(text)
        case {"$n": str(digits)}:
            return int(digits)
        case list():
            return [_untagged(entry) for entry in value]
        case dict():
            return {_unescaped(name): _untagged(entry) for name, entry in value.items()}
        case _:
            return value


def _escaped(name: str) -> str:
    return f"${name}" if name.startswith("$") else name


def _unescaped(name: str) -> str:
    return name.removeprefix("$")
