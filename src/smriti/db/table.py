"""The table port: what every engine does, in the same words and with the same limits.

Rules that keep the engines equal (measured by a differential fuzz):
  * Static validation is shared and runs before any condition is looked at.
  * Values are None, bool, int, float, str, bytes, list, dict. Integral floats become ints.
  * Order comparison of unlike types is false. There is no `ne`; write `present(x) & ~eq(x, v)`.
  * A failed condition carries the old item.
  * A page may be shorter than its limit, and `next` may be set on the last one: loop on `next`.
  * An item is at most 400 KB by DynamoDB's measure, and at most 32 levels deep; text must be
    encodable as UTF-8. `ttl` (Unix seconds) in the past hides an item from reads, but conditions
    never consult the clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

type Value = bool | int | float | str | bytes | list[Value] | dict[str, Value] | None
type Item = dict[str, Value]
type Key = tuple[str, str]
type Comparison = Literal["=", "<", "<=", ">", ">="]

MAX_ITEM_BYTES: Final = 400 * 1024
MAX_ACTIONS: Final = 100
PAGE_BYTES: Final = 1024 * 1024
INDEX: Final = "gsi2"
TTL: Final = "ttl"


class TableError(Exception):
    """Anything the table refuses or cannot do."""


class InvalidOperation(TableError):
    """Against the port's rules; a bug in the caller."""


class ItemTooLarge(InvalidOperation):
    """The item would pass 400 KB."""


class InvalidPosition(InvalidOperation):
    """A query's `after` is not a position that this query gave out."""


class ConditionFailed(TableError):
    """The condition was false. `old` is the item as it is, None when there is none."""

    def __init__(self, old: Item | None) -> None:
        super().__init__("The condition was false.")
        self.old = old


class TransactionFailed(TableError):
    """Conditions of several actions were false: their positions, with the items as they are."""

    def __init__(self, failed: Mapping[int, Item | None]) -> None:
        super().__init__(f"The conditions of actions {sorted(failed)} were false.")
        self.failed = dict(failed)


class TableBusy(TableError):
    """A conflicting or throttled call; the same call may succeed a moment later."""


class TableUnavailable(TableError):
    """The store does not answer."""


class Condition:
    """A truth about one item. Combine with `&`, `|`, `~`."""

    __slots__ = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Both(self, other)

    def __or__(self, other: "Condition") -> "Condition":
        return Either(self, other)

    def __invert__(self) -> "Condition":
        return Not(self)


@dataclass(frozen=True, slots=True)
class Present(Condition):
    name: str


@dataclass(frozen=True, slots=True)
class Absent(Condition):
    name: str


@dataclass(frozen=True, slots=True)
class Compare(Condition):
    name: str
    operator: Comparison
    value: Value


@dataclass(frozen=True, slots=True)
class Both(Condition):
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either(Condition):
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Not(Condition):
    term: Condition


EXISTS: Final = Present("pk")
NEW: Final = Absent("pk")


def eq(name: str, value: Value) -> Condition:
    return Compare(name, "=", value)


@dataclass(frozen=True, slots=True)
class Set:
    """Give a top-level attribute this value."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Default:
    """Give it this value if it has none."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Add:
    """Add to a number; a missing one counts as 0."""

    name: str
    amount: int | float


@dataclass(frozen=True, slots=True)
class Append:
    """Add to the end of a list; a missing one counts as empty."""

    name: str
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Remove:
    name: str


type Change = Set | Default | Add | Append | Remove


@dataclass(frozen=True, slots=True)
class Put:
    item: Item
    when: Condition | None = None

    @property
    def key(self) -> Key:
        return key_of(self.item)


@dataclass(frozen=True, slots=True)
class Update:
    """Change named attributes; the item is created when there is none."""

    key: Key
    changes: tuple[Change, ...]
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    key: Key
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing, but fail the transaction unless this holds."""

    key: Key
    when: Condition


type Action = Put | Update | Delete | Check


@dataclass(frozen=True, slots=True)
class Get:
    key: Key


@dataclass(frozen=True, slots=True)
class Query:
    """Items of one partition (or of one index partition) in sort-key order.

    `begins` and `between` (both ends included) narrow the sort key; give at most one of them.
    `after` is the `next` of an earlier page of the same query.
    """

    pk: str
    begins: str = ""
    between: tuple[str, str] | None = None
    limit: int = 100
    newest_first: bool = False
    after: str | None = None
    index: bool = False


type Read = Get | Query


@dataclass(frozen=True, slots=True)
class ItemPage:
    items: list[Item]
    next: str | None = None


class Table(Protocol):
    """One table of items under (`pk`, `sk`), with one index (`gsi2_pk`, `gsi2_sk`)."""

    async def get(self, key: Key) -> Item | None: ...

    async def query(self, query: Query) -> ItemPage: ...

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        """All of them in ONE logical round trip, answers in the order of the questions."""
        ...

    async def update(self, key: Key, *changes: Change, when: Condition | None = None) -> Item:
        """Change attributes and answer the new item; created when absent. `ConditionFailed`."""
        ...

    async def write(self, *actions: Action) -> None:
        """One action: a conditional write, `ConditionFailed`.

        Several: all of them or nothing, `TransactionFailed`.
        """
        ...

    async def bulk(self, *, puts: Sequence[Item] = (), deletes: Sequence[Key] = ()) -> None:
        """Many unconditional writes, in no order, not atomic; each is retried until it is done."""
        ...

    async def scan(self, *, after: str | None = None, limit: int = 500) -> ItemPage:
        """Every item of the table, expired ones too: for export and administration only."""
        ...

    async def close(self) -> None: ...


def key_of(item: Item) -> Key:
    pk, sk = item.get("pk"), item.get("sk")
    if not isinstance(pk, str) or not isinstance(sk, str):
        raise InvalidOperation("An item needs a text `pk` and `sk`.")
    return pk, sk
