"""What an index knows of its rows beside their words: numbers, and who stands by whom."""

from array import array
from bisect import bisect
from collections.abc import Hashable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.documents import Document, Kernel

NONE: Final = -1
"""Instead of a row, or a thread, where there is none."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LARGEST: Final = (1 << 63) - 1

COLUMNS: Final = {
    "created": "q",
    "place": "q",
    "digest": "Q",
    "part": "I",
    "first": "I",
    "labels": "I",
    "thread": "i",
    "before": "i",
    "after": "i",
    "sibling": "i",
    "kernel": "B",
    "alive": "B",
}
_LINKS: Final = ("first", "before", "after", "sibling")


class Interned[Value: Hashable]:
    """Values that many rows share, by number."""

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self.values = list(values)
        self._numbers = {value: number for number, value in enumerate(self.values)}

    def number(self, value: Value) -> int:
        number = self._numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class Rows:
    """Columns by row. `first` is the row that stands for the whole document, `sibling` another row
    of the same item, `before` and `after` the neighbours. A row that is dropped keeps its place.
    """

    def __init__(self) -> None:
        self.columns: dict[str, array[int]] = {name: array(code) for name, code in COLUMNS.items()}
        self.sks: list[str] = []
        self.threads = Interned[str]()
        self.kernels = Interned[Kernel]()
        self.labels = Interned[frozenset[str]]()
        self.heads: dict[str, int] = {}
        """Of each item one row; the others follow by `sibling`."""
        self.orders: dict[tuple[int, int], array[int]] = {}
        """Of each thread and kernel the rows in order."""
        self.continued = array("I")
        """Rows that are not the first of their document, dropped ones too."""
        self.dead = 0
        self.documents = 0

    def __len__(self) -> int:
        return len(self.sks)

    def of(self, sk: str) -> Iterator[int]:
        row = self.heads.get(sk, NONE)
        while row != NONE:
            yield row
            row = self.columns["sibling"][row]

    def append(self, document: Document, digest: int, count: int) -> int:
        """Takes a document in, as so many rows. The first of them."""
        first = len(self)
        thread = NONE if document.thread is None else self.threads.number(document.thread)
        values = (
            microseconds(document.created_at),
            max(-_LARGEST, min(document.place, _LARGEST)),
            digest,
            document.part,
            first,
            self.labels.number(document.labels),
            thread,
            NONE,
            NONE,
            NONE,
            self.kernels.number(document.kernel),
            1,
        )
        for _ in range(count):
            for column, value in zip(self.columns.values(), values, strict=True):
                column.append(value)
        rows = range(first, first + count)
        self.sks.extend([document.sk] * count)
        self.continued.extend(rows[1:])
        self.documents += 1
        for row in rows:
            self.columns["sibling"][row] = self.heads.get(document.sk, NONE)
            self.heads[document.sk] = row
        self._take_place(rows, thread)
        return first

    def drop(self, rows: list[int]) -> None:
        """All rows of a document."""
        gone = set(rows)
        sk = self.sks[rows[0]]
        others = [row for row in self.of(sk) if row not in gone]
        for row in rows:
            self._leave_place(row)
            self.columns["alive"][row] = 0
        for row, following in zip(others, [*others[1:], NONE], strict=False):
            self.columns["sibling"][row] = following
        if others:
            self.heads[sk] = others[0]
        else:
            del self.heads[sk]
        self.dead += len(rows)
        self.documents -= 1

    def view(self, name: str) -> NDArray[np.int64]:
        """A column as it is now. No row can be added while somebody holds it."""
        return np.frombuffer(self.columns[name], COLUMNS[name])

    def keep(self, kept: NDArray[np.bool], moved: NDArray[np.int32]) -> None:
        """Forgets all other rows. `moved`: the new number of each row, or -1."""
        self.sks = [self.sks[row] for row in np.flatnonzero(kept).tolist()]
        self.heads = {sk: int(moved[row]) for sk, row in self.heads.items()}
        self.orders = {
            key: array("I", moved[np.frombuffer(order, np.uint32)].astype(np.uint32).tobytes())
            for key, order in self.orders.items()
        }
        for name, code in COLUMNS.items():
            column = self.view(name)[kept]
            if name in _LINKS:
                column = np.where(column == NONE, NONE, moved[column]).astype(code)
            self.columns[name] = array(code, column.tobytes())
        rows = moved[np.frombuffer(self.continued, np.uint32)]
        self.continued = array("I", rows[rows >= 0].astype(np.uint32).tobytes())
        self.dead = 0
        self._forget_unused()

    def _forget_unused(self) -> None:
        """Threads and labels that no row has any more; searches may still read the old lists."""
        threads, labels = Interned[str](), Interned[frozenset[str]]()
        column = self.columns["thread"]
        numbers = {NONE: NONE}
        for old in dict.fromkeys(column):
            if old != NONE:
                numbers[old] = threads.number(self.threads.values[old])
        self.columns["thread"] = array("i", [numbers[old] for old in column])
        self.orders = {(numbers[key[0]], key[1]): order for key, order in self.orders.items()}
        self.columns["labels"] = array(
            "I", [labels.number(self.labels.values[old]) for old in self.columns["labels"]]
        )
        self.threads, self.labels = threads, labels

    def _take_place(self, rows: range, thread: int) -> None:
        if thread == NONE:
            for row in rows[1:]:
                self._join(row - 1, row)
            return
        order = self.orders.setdefault((thread, self.columns["kernel"][rows[0]]), array("I"))
        here = self._position(rows[0])
        at = len(order)
        if order and here < self._position(order[-1]):
            at = bisect(order, here, key=self._position)
        order[at:at] = array("I", rows)
        for place in range(max(at, 1), min(at + len(rows) + 1, len(order))):
            self._join(order[place - 1], order[place])

    def _position(self, row: int) -> tuple[int, int, str, int, int]:
        columns = self.columns
        return (
            columns["place"][row],
            columns["created"][row],
            self.sks[row],
            columns["part"][row],
            row,
        )

    def _leave_place(self, row: int) -> None:
        before, after = self.columns["before"][row], self.columns["after"][row]
        if before != NONE:
            self.columns["after"][before] = after
        if after != NONE:
            self.columns["before"][after] = before
        thread = self.columns["thread"][row]
        if thread == NONE:
            return
        key = thread, self.columns["kernel"][row]
        order = self.orders[key]
        del order[bisect(order, self._position(row), key=self._position) - 1]
        if not order:
            del self.orders[key]

    def _join(self, row: int, following: int) -> None:
        self.columns["after"][row] = following
        self.columns["before"][following] = row


def digest_of(document: Document) -> int:
    """64 bits that tell whether a document is still the same; its vector is no part of it."""
    parts = (
        document.text,
        document.author,
        document.thread,
        document.place,
        document.kernel,
        microseconds(document.created_at),
        sorted(document.labels),
    )
    told = blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=8)
    return int.from_bytes(told.digest())


def microseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(since_1970_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=since_1970_us)
