"""Attribute values and expressions: the port's values, conditions and changes in DynamoDB's words.

Every name and value goes through a placeholder, so that reserved words cannot bite.
"""

from base64 import b64decode
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, assert_never

from smriti.db.table import (
    Absent,
    Add,
    Append,
    Both,
    Change,
    Compare,
    Condition,
    Default,
    Either,
    InvalidOperation,
    Item,
    Key,
    Not,
    Present,
    Remove,
    Set,
    Value,
)
from smriti.db.values import kind_of

type Wire = dict[str, Any]


def dump(value: Value) -> Wire:
    match value:
        case str() | bool() | bytes():
            wire: Wire = {kind_of(value): value}
        case int():
            wire = {"N": str(value)}
        case float():
            wire = {"N": format(Decimal(repr(value)), "f")}
        case dict():
            wire = {"M": dump_item(value)}
        case list():
            wire = {"L": [dump(entry) for entry in value]}
        case None:
            wire = {"NULL": True}
        case _:
            assert_never(value)
    return wire


def dump_item(item: Item) -> Wire:
    return {name: dump(value) for name, value in item.items()}


def dump_key(key: Key) -> Wire:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def load(wire: Wire) -> Value:
    """A plain value. Bytes come as base64 straight from the wire, or decoded by botocore."""
    ((letter, value),) = wire.items()
    match letter:
        case "S" | "BOOL":
            loaded: Value = value
        case "N":
            loaded = _load_number(value)
        case "M":
            loaded = load_item(value)
        case "L":
            loaded = [load(entry) for entry in value]
        case "B":
            loaded = b64decode(value) if isinstance(value, str) else bytes(value)
        case "NULL":
            loaded = None
        case _:  # sets, in a table that others write to as well
            loaded = [load({letter[0]: entry}) for entry in value]
    return loaded


def load_item(wire: Wire) -> Item:
    return {name: load(value) for name, value in wire.items()}


def _load_number(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        number = float(digits)
        return int(number) if number.is_integer() else number


class Placeholders:
    """The names and values of one request's expressions."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: list[Value] = []

    def name(self, name: str) -> str:
        return self._names.setdefault(name, f"#n{len(self._names)}")

    def value(self, value: Value) -> str:
        self._values.append(value)
        return f":v{len(self._values) - 1}"

    def members(self) -> Wire:
        members: Wire = {}
        if self._names:
            members["ExpressionAttributeNames"] = {p: name for name, p in self._names.items()}
        if self._values:
            values = enumerate(self._values)
            members["ExpressionAttributeValues"] = {f":v{n}": dump(value) for n, value in values}
        return members


def condition_expression(condition: Condition, places: Placeholders) -> str:
    match condition:
        case Present(name):
            text = f"attribute_exists({places.name(name)})"
        case Absent(name):
            text = f"attribute_not_exists({places.name(name)})"
        case Compare(name, sign, value):
            text = f"{places.name(name)} {sign} {places.value(value)}"
        case Both(left, right):
            both = condition_expression(left, places), condition_expression(right, places)
            text = f"({both[0]} AND {both[1]})"
        case Either(left, right):
            both = condition_expression(left, places), condition_expression(right, places)
            text = f"({both[0]} OR {both[1]})"
        case Not(term):
            text = f"(NOT {condition_expression(term, places)})"
        case _:
            raise InvalidOperation(f"{type(condition).__name__} is not a condition.")
    return text


def update_expression(changes: Sequence[Change], places: Placeholders) -> str:
    settings = [_setting(change, places) for change in changes if not isinstance(change, Remove)]
    removals = [places.name(change.name) for change in changes if isinstance(change, Remove)]
    parts = [f"SET {', '.join(settings)}"] if settings else []
    parts += [f"REMOVE {', '.join(removals)}"] if removals else []
    return " ".join(parts)


def _setting(change: Set | Default | Add | Append, places: Placeholders) -> str:
    name = places.name(change.name)
    match change:
        case Set(value=value):
            source = places.value(value)
        case Default(value=value):
            source = f"if_not_exists({name}, {places.value(value)})"
        case Add(amount=amount):
            source = f"if_not_exists({name}, {places.value(0)}) + {places.value(amount)}"
        case Append(values=values):
            present = f"if_not_exists({name}, {places.value([])})"
            source = f"list_append({present}, {places.value(values)})"
        case _:
            assert_never(change)
    return f"{name} = {source}"
