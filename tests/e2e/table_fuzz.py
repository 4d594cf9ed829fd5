"""Random operations on a table, and what came of them in comparable form."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from smriti.db.table import (
    Absent,
    Action,
    Add,
    Append,
    Change,
    Check,
    Compare,
    Comparison,
    Condition,
    ConditionFailed,
    Default,
    Delete,
    Get,
    InvalidOperation,
    Item,
    ItemPage,
    Key,
    Present,
    Put,
    Query,
    Remove,
    Set,
    Table,
    TransactionFailed,
    Update,
    Value,
)

type Operation = Callable[[Table], Awaitable[object]]

PARTITIONS: Final = ("P#1", "P#2", "é#3")
SORT_KEYS: Final = ("A", "A#1", "M#0001", "M#0002", "M#0003", "M#é", "M#😀", "M#\uff5e", "Z")
NAMES: Final = ("a", "b", "name", "version", "list", "size", "$b", "gsi2_pk", "gsi2_sk", "ttl")
INDEX_KEYS: Final = ("G#1", "G#2", "k1", "k2", "k3")
SIGNS: Final[tuple[Comparison, ...]] = ("=", "<", "<=", ">", ">=")
EXPIRIES: Final = (1, 2**40)
REFUSED: Final[tuple[Value, ...]] = ("", 5, "\ud800", float("nan"), 10**40)


@dataclass(frozen=True)
class Step:
    """An operation, how to show it, and the query it makes when it is one."""

    text: str
    operation: Operation
    query: Query | None = None


class Fuzz:
    """A reproducible source of steps.

    `typed`: numbers are added to numbers only, and lists appended to lists.
    """

    def __init__(self, seed: int, *, typed: bool) -> None:
        self._random = Random(seed)  # noqa: S311 - reproducible on purpose
        self._typed = typed
        self._left_off: list[Query] = []

    def step(self) -> Step:
        return self._one_of(
            (25, lambda: self._write(Put(self._item(), self._when()))),
            (20, self._update),
            (7, lambda: self._write(Delete(self._key(), self._when()))),
            (8, self._read),
            (28, self._ask),
            (12, lambda: self._write(*(self._action() for _ in range(self._from(2, 3))))),
        )

    def _one_of[T](self, *choices: tuple[int, Callable[[], T]]) -> T:
        weights = [weight for weight, _ in choices]
        ((_, make),) = self._random.choices(choices, weights)
        return make()

    def _from(self, first: int, last: int) -> int:
        return self._random.randint(first, last)

    def goes_on(self, query: Query, page: ItemPage) -> None:
        """Remember that there is more, to ask for it later."""
        if page.next is not None and len(self._left_off) < 20:
            self._left_off.append(replace(query, after=page.next))

    def _write(self, *actions: Action) -> Step:
        return Step(f"write {actions}", lambda table: table.write(*actions))

    def _update(self) -> Step:
        key, changes, when = self._key(), self._changes(), self._when()
        text = f"update {key} {changes} {when}"
        return Step(text, lambda table: table.update(key, *changes, when=when))

    def _read(self) -> Step:
        reads = [Get(self._key()) for _ in range(self._from(1, 4))]
        return Step(f"read {reads}", lambda table: table.read(*reads))

    def _ask(self) -> Step:
        goes_on = bool(self._left_off) and self._random.random() < 0.3
        query = self._left_off.pop() if goes_on else self._query()
        return Step(f"query {query}", lambda table: table.query(query), query)

    def _query(self) -> Query:
        choose = self._random.choice
        index = self._random.random() < 0.3
        query = Query(
            choose(INDEX_KEYS[:3]) if index else choose(PARTITIONS),
            limit=choose((1, 2, 3, 100)),
            newest_first=choose((False, True)),
            index=index,
        )
        low, high = sorted((choose(SORT_KEYS), choose(SORT_KEYS)))
        prefix = choose(("M#", "A", "k", "M#0", "\U0010ffff"))
        return choose((query, replace(query, begins=prefix), replace(query, between=(low, high))))

    def _action(self) -> Action:
        actions: tuple[tuple[int, Callable[[], Action]], ...] = (
            (40, lambda: Put(self._item(), self._when())),
            (30, lambda: Update(self._key(), self._changes(), self._when())),
            (15, lambda: Delete(self._key(), self._when())),
            (15, lambda: Check(self._key(), self._condition())),
        )
        return self._one_of(*actions)

    def _key(self) -> Key:
        return self._random.choice(PARTITIONS), self._random.choice(SORT_KEYS)

    def _item(self) -> Item:
        pk, sk = self._key()
        names = self._random.sample(NAMES, self._random.randrange(6))
        return {"pk": pk, "sk": sk, **{name: self._attribute(name) for name in names}}

    def _attribute(self, name: str) -> Value:
        if self._random.random() < 0.02 and name not in ("version", "list"):
            return self._random.choice(REFUSED)
        match name:
            case "gsi2_pk" | "gsi2_sk":
                return self._random.choice(INDEX_KEYS)
            case "ttl":
                return self._random.choice(EXPIRIES)
            case "version" if self._typed:
                return self._from(-50, 50)
            case _:
                return [self._value(1)] if self._typed and name == "list" else self._value()

    def _value(self, depth: int = 0) -> Value:
        plain: list[Value] = [0, 1, -7, 1.5, 2.0, 0.1, "", "x", "é😀", True, None, b"\x00\xff"]
        chance = self._random.random()
        if depth < 3 and chance < 0.1:
            return [self._value(depth + 1), self._value(depth + 1)]
        if depth < 3 and chance < 0.2:
            return {"m": self._value(depth + 1), "$b": "t"}
        digits = 20 if depth else 6  # to those at the top, fractions are added: 16 digits are kept
        return self._random.choice([*plain, self._from(-(10**digits), 10**digits)])

    def _changes(self) -> tuple[Change, ...]:
        return tuple(self._change() for _ in range(self._from(1, 3)))

    def _change(self) -> Change:
        name = self._random.choice(NAMES)
        number = "version" if self._typed else self._random.choice(("version", "a"))
        listed = "list" if self._typed else self._random.choice(("list", "b"))
        changes: tuple[tuple[int, Callable[[], Change]], ...] = (
            (30, lambda: Set(name, self._attribute(name))),
            (15, lambda: Default(name, self._attribute(name))),
            (20, lambda: Add(number, self._random.choice((1, -3, 100, 0.1, 2.5)))),
            (15, lambda: Append(listed, [self._value(1)])),
            (20, lambda: Remove(name)),
        )
        return self._one_of(*changes)

    def _when(self) -> Condition | None:
        return self._condition() if self._random.random() < 0.5 else None

    def _condition(self) -> Condition:
        name, sign = self._random.choice((*NAMES, "pk")), self._random.choice(SIGNS)
        return self._one_of(
            (20, lambda: Absent(name)),
            (15, lambda: Present(name)),
            (40, lambda: Compare(name, sign, self._value())),
            (10, lambda: self._condition() & self._condition()),
            (10, lambda: self._condition() | self._condition()),
            (5, lambda: ~self._condition()),
        )


async def outcome(table: Table, step: Step) -> tuple[str, object]:
    """What it answered, or which way it failed; positions are left to `comparable`."""
    try:
        return "done", await step.operation(table)
    except ConditionFailed as failure:
        return "condition", failure.old
    except TransactionFailed as failure:
        return "transaction", failure.failed
    except InvalidOperation as failure:
        return type(failure).__name__, None


def comparable(query: Query | None, result: tuple[str, object]) -> object:
    """Without what DynamoDB leaves open: the order among equal keys of the index.

    So of a page that its limit cut, only the keys can be compared; of a whole one, the items too.
    """
    _, answer = result
    if query is None or not query.index or not isinstance(answer, ItemPage):
        return canonical(result)
    keys = [item["gsi2_sk"] for item in answer.items]
    return keys if query.limit < 100 else (keys, sorted(map(repr, map(canonical, answer.items))))


def canonical(value: object) -> object:
    """With names in order, and 1 told from True and 1.0."""
    match value:
        case ItemPage(items, position):
            return canonical([items, position])
        case dict():
            return sorted((str(name), canonical(entry)) for name, entry in value.items())
        case list() | tuple():
            return [canonical(entry) for entry in value]
        case _:
            return type(value).__name__, value
