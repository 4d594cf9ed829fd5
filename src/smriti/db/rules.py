"""What both engines check before they start, and compute in the same way.

Everything an engine gets has gone through a `checked_…` function: its values are normal, its keys
are within limits, its changes do not overlap. What is refused here never reaches a store.
"""

from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from smriti.db.table import (
    INDEX,
    MAX_ACTIONS,
    MAX_ITEM_BYTES,
    TTL,
    Absent,
    Action,
    Add,
    Append,
    Both,
    Change,
    Check,
    Compare,
    Condition,
    Default,
    Delete,
    Either,
    Get,
    InvalidOperation,
    Item,
    ItemPage,
    ItemTooLarge,
    Key,
    Not,
    Present,
    Put,
    Query,
    Read,
    Remove,
    Set,
    Update,
    Value,
)
from smriti.db.values import (
    byte_length,
    is_utf8,
    kind_of,
    normal,
    normal_name,
    normal_number,
    normal_text,
    size_of,
)

INDEX_PK: Final = f"{INDEX}_pk"
INDEX_SK: Final = f"{INDEX}_sk"
MAX_PK_BYTES: Final = 2048
MAX_SK_BYTES: Final = 1024
MAX_TRANSACTION_BYTES: Final = 4 * 1024 * 1024

_KEY_LIMITS: Final = {
    "pk": MAX_PK_BYTES,
    "sk": MAX_SK_BYTES,
    INDEX_PK: MAX_PK_BYTES,
    INDEX_SK: MAX_SK_BYTES,
}


def item_size(item: Item) -> int:
    return sum(byte_length(name) + size_of(value) for name, value in item.items())


def check_size(item: Item) -> None:
    if item_size(item) > MAX_ITEM_BYTES:
        raise ItemTooLarge(f"An item may have {MAX_ITEM_BYTES} bytes at most.")


def alive_item(item: Item | None, now: int) -> Item | None:
    """The item, unless its `ttl` (like `now` in Unix seconds) has come."""
    if item is None:
        return None
    ttl = item.get(TTL)
    return item if not isinstance(ttl, int) or ttl > now else None


def alive_page(page: ItemPage, now: int) -> ItemPage:
    """The page without its expired items; it goes on where it went on."""
    return ItemPage([item for item in page.items if alive_item(item, now)], page.next)


def is_key(text: object, max_bytes: int) -> bool:
    """Whether it can be part of a key: non-empty text that is UTF-8 and within the limit."""
    return isinstance(text, str) and is_utf8(text) and 0 < byte_length(text) <= max_bytes


def checked_key(key: Key) -> Key:
    pk, sk = key
    if not (is_key(pk, MAX_PK_BYTES) and is_key(sk, MAX_SK_BYTES)):
        raise InvalidOperation(
            f"A key is two non-empty texts of at most {MAX_PK_BYTES} and {MAX_SK_BYTES} bytes."
        )
    return normal_text(pk), normal_text(sk)


def checked_item(item: Item) -> Item:
    """The normal form of an item to put."""
    normalised = {_checked_name(name): normal(value) for name, value in item.items()}
    for name in ("pk", "sk"):
        if name not in normalised:
            raise InvalidOperation(f"An item needs a {name!r}.")
    for name in (*_KEY_LIMITS, TTL):
        if name in normalised:
            _check_reserved(name, normalised[name])
    check_size(normalised)
    return normalised


def _checked_name(name: str) -> str:
    if not name:
        raise InvalidOperation("An attribute needs a name.")
    return normal_name(name)


def _check_reserved(name: str, value: Value) -> None:
    """Keys are texts, and an expiry is a moment: otherwise the index or the sweeper would fail."""
    limit = _KEY_LIMITS.get(name)
    if limit is not None and not is_key(value, limit):
        raise InvalidOperation(f"{name!r} must be a non-empty text of at most {limit} bytes.")
    if name == TTL and not (type(value) is int and 0 <= value < 2**53):
        raise InvalidOperation(f"{name!r} must be Unix seconds.")


def checked_reads(reads: Sequence[Read]) -> Sequence[Read]:
    """The reads themselves, when their keys, ranges and limits make sense."""
    for read in reads:
        if isinstance(read, Get):
            checked_key(read.key)
        else:
            _check_query(read)
    return reads


def _check_query(query: Query) -> None:
    if not is_key(query.pk, MAX_PK_BYTES):
        raise InvalidOperation("A query needs a partition.")
    if query.limit < 1:
        raise InvalidOperation("A query's limit is at least 1.")
    if query.begins and not is_key(query.begins, MAX_SK_BYTES):
        raise InvalidOperation("A query's `begins` is too long, or not UTF-8.")
    if query.between is not None:
        low, high = query.between
        if query.begins or not (is_key(low, MAX_SK_BYTES) and is_key(high, MAX_SK_BYTES)):
            raise InvalidOperation("A query's `between` needs two keys and excludes `begins`.")
        if low > high:
            raise InvalidOperation("The first end of `between` lies after the second.")


def checked_actions(actions: Sequence[Action]) -> list[Action]:
    """Normal actions, each on an item of its own."""
    if not 0 < len(actions) <= MAX_ACTIONS:
        raise InvalidOperation(f"A write has 1 to {MAX_ACTIONS} actions.")
    checked = [_checked_action(action) for action in actions]
    if len({action.key for action in checked}) < len(checked):
        raise InvalidOperation("Two actions of one write are on the same item.")
    if len(checked) > 1:
        total = sum(item_size(action.item) for action in checked if isinstance(action, Put))
        if total > MAX_TRANSACTION_BYTES:
            raise ItemTooLarge(f"A transaction has {MAX_TRANSACTION_BYTES} bytes at most.")
    return checked


def _checked_action(action: Action) -> Action:
    match action:
        case Put(item, when):
            return Put(checked_item(item), checked_condition(when))
        case Update(key, changes, when):
            return Update(checked_key(key), checked_changes(changes), checked_condition(when))
        case Delete(key, when):
            return Delete(checked_key(key), checked_condition(when))
        case Check(key, when):
            return Check(checked_key(key), _checked_term(when))
        case _:
            assert_never(action)


def checked_bulk(puts: Iterable[Item], deletes: Iterable[Key]) -> list[Put | Delete]:
    """The actions of a bulk write, at most one for an item."""
    actions: list[Put | Delete] = [Put(checked_item(item)) for item in puts]
    actions += [Delete(key) for key in dict.fromkeys(map(checked_key, deletes))]
    if len({action.key for action in actions}) < len(actions):
        raise InvalidOperation("A bulk write has no order, so an item may occur in it once.")
    return actions


def checked_changes(changes: Sequence[Change]) -> tuple[Change, ...]:
    names = {change.name for change in changes}
    if not changes or len(names) < len(changes) or names & {"pk", "sk"}:
        raise InvalidOperation("Changes must be of distinct attributes, and not of the key.")
    return tuple(_checked_change(change) for change in changes)


def _checked_change(change: Change) -> Change:
    name = _checked_name(change.name)
    if isinstance(change, Add | Append) and (name in _KEY_LIMITS or name == TTL):
        raise InvalidOperation(f"{name!r} can be set or removed, not added to.")
    match change:
        case Set() | Default():
            value = normal(change.value)
            _check_reserved(name, value)
            return type(change)(name, value)
        case Add(amount=amount):
            if isinstance(amount, bool):
                raise InvalidOperation("Only a number can be added.")
            return Add(name, normal_number(amount))
        case Append(values=values):
            return Append(name, [normal(value, 2) for value in values])
        case Remove():
            return Remove(name)
        case _:
            assert_never(change)


def checked_condition(condition: Condition | None) -> Condition | None:
    return None if condition is None else _checked_term(condition)


def _checked_term(condition: Condition) -> Condition:
    match condition:
        case Present(name) | Absent(name):
            _checked_name(name)
            return condition
        case Compare(name, operator, value):
            compared = normal(value)
            if operator != "=" and kind_of(compared) not in ("S", "N", "B"):
                raise InvalidOperation("Only texts, numbers and bytes have an order.")
            return Compare(_checked_name(name), operator, compared)
        case Both(left, right) | Either(left, right):
            return type(condition)(_checked_term(left), _checked_term(right))
        case Not(term):
            return Not(_checked_term(term))
        case _:
            raise InvalidOperation(f"{type(condition).__name__} is not a condition.")
