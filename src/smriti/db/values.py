"""Values as the table keeps them: their normal form, their size, their kind."""

import math
from typing import Final, Literal, assert_never

from smriti.db.table import InvalidOperation, Value

type Kind = Literal["S", "N", "B", "BOOL", "NULL", "L", "M"]

MAX_LEVELS: Final = 32

_DIGITS: Final = 38
_LARGEST: Final = 10**_DIGITS
_SMALLEST: Final = 1e-130


def byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def normal(value: object, level: int = 1) -> Value:
    """`value` as it will come back from the table: integral floats as ints, tuples as lists."""
    if level > MAX_LEVELS:
        raise InvalidOperation(f"A value may be nested {MAX_LEVELS} levels deep at most.")
    match value:
        case str():
            return normal_text(value)
        case None | bool() | bytes():
            return value
        case int() | float():
            return normal_number(value)
        case list() | tuple():
            return [normal(entry, level + 1) for entry in value]
        case dict():
            return {normal_name(name): normal(entry, level + 1) for name, entry in value.items()}
        case _:
            raise InvalidOperation(f"A value of type {type(value).__name__} cannot be stored.")


def normal_number(number: float) -> int | float:
    """At most 38 digits, as DynamoDB has them; neither infinite nor vanishingly small."""
    if not number.is_integer():
        if not math.isfinite(number) or abs(number) < _SMALLEST:
            raise InvalidOperation("A number is not finite, or too small.")
        return float(number)
    if abs(number) >= _LARGEST:
        raise InvalidOperation(f"A number has more than {_DIGITS} digits.")
    return int(number)


def normal_text(text: str) -> str:
    if not is_utf8(text):
        raise InvalidOperation("A text cannot be encoded as UTF-8.")
    return str.__str__(text)


def normal_name(name: object) -> str:
    if not isinstance(name, str):
        raise InvalidOperation("The names in a mapping must be texts.")
    return normal_text(name)


def size_of(value: Value) -> int:
    """Bytes by DynamoDB's rule, the name of the attribute not counted."""
    match value:
        case str():
            size = byte_length(value)
        case bytes():
            size = len(value)
        case None | bool():
            size = 1
        case int() | float():
            size = min(21, len(str(abs(value))) // 2 + 2)
        case list():
            size = 3 + sum(size_of(entry) + 1 for entry in value)
        case dict():
            size = 3 + sum(byte_length(n) + size_of(entry) + 1 for n, entry in value.items())
        case _:
            assert_never(value)
    return size


def kind_of(value: Value) -> Kind:
    """DynamoDB's letter for its type: unlike kinds are never equal and have no order."""
    return "NULL" if value is None else _KINDS[type(value)]


_KINDS: Final[dict[type, Kind]] = {
    bool: "BOOL",
    str: "S",
    int: "N",
    float: "N",
    bytes: "B",
    list: "L",
    dict: "M",
}
