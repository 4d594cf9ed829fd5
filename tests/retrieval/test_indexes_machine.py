"""Whatever is written in whatever order: a search finds what an index built at once would find."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from smriti.db.sqlite import SqliteTable
from tests.retrieval.library import Library, hits, notes, open_indexes

WORDS = ("coffee", "tea", "lemon", "sugar", "teapot")
LINES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
TEXTS = st.lists(LINES, min_size=1, max_size=3).map("\n".join)
THREADS = st.sampled_from(["", "a", "b"])
NUMBERS = st.integers(0, 30)


class Machine(RuleBasedStateMachine):
    """Two processes with indexes of their own over one table."""

    counted = False

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.table = SqliteTable.open()
        self.library = Library(self.table, notes(counted=self.counted))
        self.sks: list[str] = []
        self.indexes = [self.do(self.opened()) for _ in range(2)]

    def do[T](self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def opened(self) -> Any:
        return open_indexes(self.table)

    def any(self, number: int) -> str:
        return self.sks[number % len(self.sks)]

    @rule(text=TEXTS, thread=THREADS)
    def adds(self, text: str, thread: str) -> None:
        values = {"thread": thread} if thread else {}
        self.sks.append(self.do(self.library.add(text, **values)))

    @rule(text=TEXTS, days=NUMBERS)
    def adds_earlier(self, text: str, days: int) -> None:
        self.sks.append(self.do(self.library.add_earlier(text, days)))

    @precondition(lambda self: self.sks)
    @rule(number=NUMBERS, text=TEXTS)
    def edits(self, number: int, text: str) -> None:
        self.do(self.library.edit(self.any(number), text))

    @precondition(lambda self: self.sks)
    @rule(number=NUMBERS, text=TEXTS)
    def edits_silently(self, number: int, text: str) -> None:
        self.do(self.library.edit_silently(self.any(number), text))

    @precondition(lambda self: self.sks)
    @rule(number=NUMBERS)
    def deletes(self, number: int) -> None:
        sk = self.any(number)
        self.sks.remove(sk)
        self.do(self.library.delete(sk))

    @precondition(lambda self: len(self.sks) > 8)
    @rule()
    def deletes_all(self) -> None:
        """By the process that has the first indexes; the other one is told nothing."""
        self.do(self.library.add_earlier("that there is a state to be gone"))
        self.search_all()
        self.do(self.library.delete_all())
        self.indexes[0].forget(self.library.corpus)
        self.sks.clear()

    @rule(number=st.integers(0, 1))
    def restarts(self, number: int) -> None:
        self.do(self.indexes[number].close())
        self.indexes[number] = self.do(self.opened())

    @rule(number=st.integers(0, 1), query=LINES)
    def searches(self, number: int, query: str) -> None:
        found = self.do(self.indexes[number].search(self.library.corpus, query))
        expected = self.do(self.library.expected(query))

        assert [(hit.sk, hit.part) for hit in hits(found)] == [
            (hit.sk, hit.part) for hit in expected
        ]
        assert [hit.score for hit in hits(found)] == pytest.approx([hit.score for hit in expected])

    def search_all(self) -> None:
        for number in range(2):
            self.searches(number, " ".join(WORDS))

    def teardown(self) -> None:
        self.search_all()
        for indexes in self.indexes:
            self.do(indexes.close())
        self.do(self.table.close())
        self.loop.close()


class CountedMachine(Machine):
    counted = True


@pytest.mark.parametrize("machine", [Machine, CountedMachine])
def test_two_processes_find_what_is_in_the_table(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=30, stateful_step_count=30))
