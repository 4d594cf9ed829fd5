"""The simple retriever: what matches, in which order, and how much is read."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.db.table import Item, ItemPage, Query, Table, key_of
from smriti.retrieval.retriever import Corpus, Document
from smriti.retrieval.scan import AT_ONCE, MAX_DOCUMENTS, ScanRetriever, rank_documents
from tests.fakes.counting_table import CountingTable

START = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = [
    "John drinks 3 cups of Coffee daily, prefers dark roast",
    "Favorite coffeehouses: Monmouth, Prufrock",
    "Morning routine: tea at 7am",
    "Invented the irishcoffee",
    "I like what I do about the house",
    "東京でコーヒーを飲む",
    "Uses C++ and Straße maps",
]


def _documents(*texts: str) -> list[Document]:
    return [
        Document(key=("p", str(number)), text=text, created_at=START + timedelta(days=number))
        for number, text in enumerate(texts)
    ]


def _found(query: str, *texts: str) -> list[str]:
    return [hit.document.text for hit in rank_documents(_documents(*(texts or TEXTS)), query)]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("coffee", [0, 1, 3]),
        ("COFFEE", [0, 1, 3]),
        ("dark roast coffee", [0, 1, 3]),
        ("what do I like about coffee?", [0, 1, 3, 4]),
        ("what do I", [4]),
        ("コーヒー", [5]),
        ("c++", [6]),
        ("strasse", [6]),
        ("\uff23\uff2f\uff26\uff26\uff25\uff25", [0, 1, 3]),
        ("7", [2]),
        ("cup", [0]),
        ("quinoa", []),
        ("", []),
        ("  ", []),
        ("?", []),
    ],
)
def test_what_matches(query: str, numbers: list[int]) -> None:
    assert sorted(_found(query)) == sorted(TEXTS[number] for number in numbers)


def test_whole_words_come_before_beginnings_and_parts() -> None:
    assert _found("coffee", "irishcoffee", "coffeehouse", "coffee") == [
        "coffee",
        "coffeehouse",
        "irishcoffee",
    ]


def test_rare_words_count_more() -> None:
    assert _found("red boat", "red car", "red bike", "red bus", "a boat")[0] == "a boat"


def test_words_as_they_stand_come_first() -> None:
    assert _found("green tea", "tea, and then a green car", "likes green tea")[0] == (
        "likes green tea"
    )


def test_equal_ones_are_ordered_newest_first_then_by_key() -> None:
    same = [
        Document(key=("p", key), text="coffee", created_at=START + timedelta(days=day))
        for key, day in (("b", 1), ("a", 1), ("c", 2))
    ]

    assert [hit.document.key[1] for hit in rank_documents(same, "coffee")] == ["c", "a", "b"]


@given(st.lists(st.text("abc ", max_size=12), max_size=8), st.text("abc ?", max_size=8))
def test_a_ranking_is_total_and_its_scores_are_parts_of_one(texts: list[str], query: str) -> None:
    documents = _documents(*texts)

    hits = rank_documents(documents, query)

    assert hits == rank_documents(documents[::-1], query)
    assert all(0 < hit.score <= 1 for hit in hits)
    wanted = query.strip()
    found = {hit.document.key for hit in hits}
    assert {d.key for d in documents if wanted and wanted in d.text} <= found


def _document(item: Item) -> Document:
    return Document(key=key_of(item), text=str(item["text"]), created_at=START)


CORPUS = Corpus(Query("p", begins="Archival#"), _document)


async def test_every_page_of_the_corpus_is_searched(table: Table) -> None:
    await table.bulk(
        puts=[
            {"pk": "p", "sk": f"Archival#{number:05}", "text": "coffee"} for number in range(2500)
        ]
    )

    hits = await ScanRetriever(table).rank(CORPUS, "coffee")

    assert len({hit.document.key for hit in hits}) == 2500


async def test_other_items_of_the_partition_are_not_searched(table: Table) -> None:
    await table.bulk(
        puts=[
            {"pk": "p", "sk": "Archival#1", "text": "coffee"},
            {"pk": "p", "sk": "CoreMemory#1", "text": "coffee"},
            {"pk": "q", "sk": "Archival#1", "text": "coffee"},
        ]
    )

    hits = await ScanRetriever(table).rank(CORPUS, "coffee")

    assert [hit.document.key for hit in hits] == [("p", "Archival#1")]


async def test_of_a_huge_corpus_the_newest_part_is_searched(table: Table) -> None:
    await table.bulk(
        puts=[
            {"pk": "p", "sk": f"Archival#{number:05}", "text": "x"}
            for number in range(MAX_DOCUMENTS + 10)
        ]
    )

    hits = await ScanRetriever(table).rank(CORPUS, "x")

    assert len(hits) == MAX_DOCUMENTS
    assert min(hit.document.key[1] for hit in hits) == "Archival#00010"


class _Reading(CountingTable):
    """`most`: how many searches have read on behind their first page at the same time."""

    most = 0
    _now = 0

    async def query(self, query: Query) -> ItemPage:
        if query.after is None:
            return await super().query(query)
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            return await super().query(query)
        finally:
            self._now -= 1


async def test_large_corpora_are_searched_one_after_another(table: Table) -> None:
    watched = _Reading(table)
    await table.bulk(
        puts=[
            {"pk": "p", "sk": f"Archival#{number:05}", "text": "coffee"} for number in range(2500)
        ]
    )
    retriever = ScanRetriever(watched)

    rankings = await asyncio.gather(*(retriever.rank(CORPUS, "coffee") for _ in range(12)))

    assert [len(hits) for hits in rankings] == [2500] * 12
    assert watched.most <= AT_ONCE
