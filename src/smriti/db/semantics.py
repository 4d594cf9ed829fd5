"""What conditions and changes mean, for the engine that works them out itself.

Both are expected in the normal form that `rules` gives them.
"""

import operator
from collections.abc import Callable, Iterable
from decimal import Context, Decimal
from typing import Any, Final, assert_never

from smriti.db.rules import check_size
from smriti.db.table import (
    Absent,
    Add,
    Append,
    Both,
    Change,
    Compare,
    Comparison,
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
from smriti.db.values import kind_of, normal_number

_ARITHMETIC: Final = Context(prec=38)
_ORDERS: Final[dict[Comparison, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(condition: Condition, item: Item) -> bool:
    """Whether it is true of `item`; of one that does not exist, ask with `{}`."""
    match condition:
        case Present(name):
            truth = name in item
        case Absent(name):
            truth = name not in item
        case Compare(name, sign, value):
            truth = name in item and _compares(item[name], sign, value)
        case Both(left, right):
            truth = holds(left, item) and holds(right, item)
        case Either(left, right):
            truth = holds(left, item) or holds(right, item)
        case Not(term):
            truth = not holds(term, item)
        case _:
            raise InvalidOperation(f"{type(condition).__name__} is not a condition.")
    return truth


def _compares(left: Value, sign: Comparison, right: Value) -> bool:
    if sign == "=":
        return _same(left, right)
    return kind_of(left) == kind_of(right) and _ORDERS[sign](left, right)


def _same(left: Value, right: Value) -> bool:
    """Equality that, unlike Python's, knows true from 1 at every depth."""
    match left, right:
        case (list(), list()):
            return len(left) == len(right) and all(map(_same, left, right))
        case (dict(), dict()):
            return left.keys() == right.keys() and all(_same(left[n], right[n]) for n in left)
        case _:
            return kind_of(left) == kind_of(right) and left == right


def changed(item: Item | None, key: Key, changes: Iterable[Change]) -> Item:
    """The item after `changes`, a new one when there was none.

    `InvalidOperation` when they do not suit its values, `ItemTooLarge`.
    """
    pk, sk = key
    new: Item = {"pk": pk, "sk": sk} if item is None else dict(item)
    for change in changes:
        _apply(new, change)
    check_size(new)
    return new


def _apply(item: Item, change: Change) -> None:
    match change:
        case Set(name, value):
            item[name] = value
        case Default(name, value):
            item.setdefault(name, value)
        case Add(name, amount):
            item[name] = _sum(item.get(name, 0), amount)
        case Append(name, values):
            present = item.get(name, [])
            if not isinstance(present, list):
                raise InvalidOperation(f"{name!r} is not a list.")
            item[name] = [*present, *values]
        case Remove(name):
            item.pop(name, None)
        case _:
            assert_never(change)


def _sum(present: Value, amount: float) -> int | float:
    """Decimal, as DynamoDB adds: 0.1 + 0.2 is 0.3."""
    if isinstance(present, bool) or not isinstance(present, int | float):
        raise InvalidOperation("Only to a number can be added.")
    if isinstance(present, int) and isinstance(amount, int):
        return normal_number(present + amount)
    return normal_number(float(_ARITHMETIC.add(Decimal(repr(present)), Decimal(repr(amount)))))
