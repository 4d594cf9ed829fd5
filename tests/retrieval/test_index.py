"""The index of one corpus, against one that is built at once and against plain arithmetic."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smriti.retrieval.documents import EVERYTHING, FACTS, MESSAGES, Document, Filter, Hit
from smriti.retrieval.index import Index

_NOON = datetime(2023, 5, 8, 12, tzinfo=UTC)
_WORDS = ("adoption", "agency", "sunset", "painting", "dogs", "dog", "Rex", "the", "東京", "läuft")


def document(sk: str, text: str, *, minute: int = 0, **more: object) -> Document:
    return Document(sk, text, _NOON + timedelta(minutes=minute), **more)  # type: ignore[arg-type]


_documents = st.builds(
    Document,
    sk=st.sampled_from([f"Archival#{number}" for number in range(12)]),
    text=st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join)
    | st.sampled_from(_WORDS).map(lambda word: f"{word} sunset " * 130),
    created_at=st.integers(0, 3).map(lambda minute: _NOON + timedelta(minutes=minute)),
    part=st.integers(0, 1),
    author=st.sampled_from(["", "Caroline", "Rex"]),
    thread=st.sampled_from([None, "one", "two"]),
    place=st.integers(0, 3),
    kernel=st.sampled_from([MESSAGES, FACTS]),
    labels=st.frozensets(st.sampled_from(["red", "blue"])),
)
_changes = st.lists(_documents | st.integers(0, 11).map("Archival#{}".format), max_size=60)
_queries = st.lists(st.sampled_from((*_WORDS, "sunsets", "京", "May")), min_size=1).map(" ".join)


def _changed(changes: Sequence[Document | str], *, few_dead: int) -> tuple[Index, Index]:
    """The index after all these changes, and one that was given only what is left of them."""
    index, left = Index(few_dead=few_dead), dict[tuple[str, int], Document]()
    for change in changes:
        if isinstance(change, Document):
            key = change.sk, change.part
            assert index.put(change) == (left.get(key) != change)
            left[key] = change
        else:
            keys = [key for key in left if key[0] == change]
            assert index.remove(change) == bool(keys)
            for key in keys:
                del left[key]
    fresh = Index()
    for each in left.values():
        fresh.put(each)
    return index, fresh


def _index(*documents: Document) -> Index:
    index = Index()
    for each in documents:
        assert index.put(each)
        assert not index.put(each)
    return index


def _keys(index: Index, query: str, where: Filter = EVERYTHING) -> list[str]:
    return [hit.sk for hit in _all(index, query, where)]


def _all(index: Index, query: str, where: Filter = EVERYTHING) -> list[Hit]:
    ranking = index.rank(query, where=where)
    return list(ranking.page(0, ranking.total))


@settings(max_examples=150)
@given(_changes, _queries, st.sampled_from([0, 1000]))
def test_an_index_that_grew_equals_one_that_was_built_at_once(
    changes: list[Document | str], query: str, few_dead: int
) -> None:
    index, fresh = _changed(changes, few_dead=few_dead)

    assert _all(index, query) == _all(fresh, query)
    assert index.rank(query).relevance == fresh.rank(query).relevance
    assert (len(index), set(index.keys())) == (len(fresh), set(fresh.keys()))


def test_it_is_the_same_whether_searches_came_between_or_not() -> None:
    random = np.random.default_rng(7)
    texts = [" ".join(random.choice(_WORDS, random.integers(30))) for _ in range(400)]
    busy, quiet = Index(), Index()
    for number, text in enumerate(texts):
        busy.put(document(f"{number % 350}", text, minute=number, author="Caroline"))
        quiet.put(document(f"{number % 350}", text, minute=number, author="Caroline"))
        busy.rank("dogs")

    for query in (*_WORDS, "Caroline painted a sunset"):
        assert _all(busy, query) == _all(quiet, query)
    assert busy.bytes == pytest.approx(quiet.bytes, rel=0.5)


@settings(max_examples=50)
@given(_changes, _queries, st.integers(1, 7))
def test_pages_neither_overlap_nor_skip(
    changes: list[Document | str], query: str, size: int
) -> None:
    index, _ = _changed(changes, few_dead=0)
    whole = _all(index, query)

    ranking = index.rank(query)
    pages = [ranking.page(start, size) for start in range(0, ranking.total + size, size)]

    assert [hit for page in pages for hit in page] == whole
    assert whole == sorted(whole, key=lambda h: (-h.score, -h.created_at.timestamp(), h.sk, h.part))
    assert len({(hit.sk, hit.part) for hit in whole}) == ranking.total
    for place, hit in enumerate(whole):
        assert index.rank(query).after(hit.sk, hit.part, otherwise=size) == place + 1


@settings(max_examples=50)
@given(_changes, _queries, st.sampled_from(["red", "blue", "green"]))
def test_a_filter_takes_away_and_changes_nothing_else(
    changes: list[Document | str], query: str, label: str
) -> None:
    index, _ = _changed(changes, few_dead=0)
    left = {(c.sk, c.part): c for c in changes if isinstance(c, Document)}
    wanted = Filter(since=_NOON, until=_NOON + timedelta(minutes=2), any_of=frozenset({label}))

    found = _all(index, query, wanted)

    assert [(hit.sk, hit.part) for hit in found] == [
        (hit.sk, hit.part)
        for hit in _all(index, query)
        if label in left[hit.sk, hit.part].labels and hit.created_at < _NOON + timedelta(minutes=2)
    ]
    assert all(0 < hit.score <= 1 for hit in found)


def test_all_labels_may_be_asked_for() -> None:
    index = _index(
        document("a", "dog", labels=frozenset({"red"})),
        document("b", "dog", labels=frozenset({"red", "blue"})),
    )

    assert _keys(index, "dog", Filter(all_of=frozenset({"red", "blue"}))) == ["b"]
    assert _keys(index, "dog", Filter(any_of=frozenset({"red", "blue"}))) == ["a", "b"]


def test_scores_are_those_of_the_formula() -> None:
    index = _index(document("a", "dog"), document("b", "dog dog sunset"), document("c", "painting"))
    # In all rows: 8, May, 2023. Words: 4, 6, 4. Parts: those below, none of the day.
    parts = {"dog": 2, "sunset": 5, "painting": 7}
    lengths = [parts["dog"], 2 * parts["dog"] + parts["sunset"], parts["painting"]]

    def weight(count: int, length: int, average: float) -> float:
        return 1.9 * count / (count + 0.9 * (0.7 + 0.3 * length / average))

    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    first, second = (
        idf * weight(count, words, 14 / 3)
        + 0.15 * 2 * idf * weight(count, length, sum(lengths) / 3)
        for count, words, length in [(1, 4, lengths[0]), (2, 6, lengths[1])]
    )

    ranking = index.rank("dog")

    assert [hit.sk for hit in ranking.page(0, 9)] == ["b", "a"]
    assert ranking.relevance == pytest.approx(second / (1.9 * idf * 1.3), rel=1e-5)
    a, b = ranking.page(1, 1)[0].score, ranking.page(0, 1)[0].score
    assert a / b == pytest.approx((first / second) ** 2, rel=1e-5)


def test_neighbours_are_lifted_as_far_as_the_kernel_reaches() -> None:
    index = _index(
        *(
            document(f"{n:02}", "red" if n == 5 else "blue", thread="one", place=n, kernel=MESSAGES)
            for n in range(12)
        )
    )

    hits = {hit.sk: hit.score for hit in _all(index, "red")}
    best = hits["05"]

    assert {sk: round(score / best, 6) for sk, score in hits.items()} == {
        "05": 1, "04": 0.3, "06": 0.3, "03": 0.3, "07": 0.3,
        "02": 0.15, "08": 0.15, "01": 0.15, "09": 0.15,
    }  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"thread": "two", "kernel": MESSAGES},
        {"thread": "one", "kernel": FACTS},
        {"thread": None, "kernel": MESSAGES},
    ],
)
def test_neighbours_are_of_one_thread_and_kernel(other: dict[str, object]) -> None:
    index = _index(
        document("a", "red", thread="one", kernel=MESSAGES),
        document("b", "blue", minute=1, **other),
    )

    assert _keys(index, "red") == ["a"]


def test_a_late_neighbour_stands_where_it_belongs_and_a_lost_one_is_bridged() -> None:
    said = [document(f"{n}", "red" if n == 3 else "blue", thread="one", place=n) for n in range(7)]
    index = _index(*said[::2], *said[1::2])

    assert _keys(index, "red") == ["3", "2", "4", "1", "5"]

    index.remove("2")

    assert _keys(index, "red") == ["3", "1", "4", "0", "5"]


def test_the_parts_of_an_item_come_and_go_together() -> None:
    index = _index(
        document("a", "red dog"), document("a", "blue dog", part=1), document("b", "dog")
    )

    assert (len(index), list(index.keys()), "a" in index) == (3, ["a", "b"], True)
    assert sorted((hit.sk, hit.part) for hit in _all(index, "dog")) == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
    ]
    assert index.remove("a")
    assert not index.remove("a")
    assert (_keys(index, "dog"), len(index), "a" in index) == (["b"], 1, False)


def test_a_ranking_stays_what_it_was() -> None:
    index = Index(few_dead=0)
    for number in range(300):
        index.put(document(f"{number:03}", f"dog {number}", thread="one", place=number))
    ranking, before = index.rank("dog 7"), _all(index, "dog 7")

    for number in range(0, 300, 2):
        index.remove(f"{number:03}")
        index.put(document(f"{number:03}", "sunset", thread="one", place=number))

    assert ranking.page(0, 300) == before
    assert ranking.after("001", 0, otherwise=0) == [hit.sk for hit in before].index("001") + 1


def test_a_long_text_is_found_once_by_any_part_of_it() -> None:
    text = "sunset " * 300 + "giraffe"
    index = _index(document("a", text), document("b", "sunset"))

    assert _keys(index, "giraffe") == ["a"]
    assert sorted(_keys(index, "sunset")) == ["a", "b"]


@pytest.mark.parametrize(
    "query",
    ["", " ", "what is the", "🎉", "\x00\x1b", "\ud800", "?!", "ZZZZ", "x" * 100_000, "\u202e"],
)
def test_queries_that_find_nothing(query: str) -> None:
    ranking = _index(document("a", "dog")).rank(query)

    assert (ranking.total, ranking.relevance, ranking.page(0, 5)) == (0, 0, [])
    assert ranking.after("a", 0, otherwise=3) == 3
    assert Index().rank(query).total == 0


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("東京タワー", "京"),
        ("東京タワー", "タワー"),
        ("مرحبا بالعالم", "بالعالم"),
        ("kubernetes", "kubernets"),
        ("dog", "dog " + " ".join(f"word{number}" for number in range(900))),
        ("dog", "dog " * 10_000),
        ("x" * 100_000, "x" * 64),
    ],
)
def test_odd_queries_find_what_is_there(text: str, query: str) -> None:
    assert _keys(_index(document("a", text), document("b", "sunset")), query) == ["a"]


def test_only_the_rarest_words_count_when_few_may() -> None:
    index = _index(document("a", "dog red"), document("b", "dog"), document("c", "dog blue"))

    assert sorted(_keys(index, "dog red")) == ["a", "b", "c"]
    ranking = index.rank("dog red unheard", most_terms=1)
    assert [hit.sk for hit in ranking.page(0, 9)] == ["a"]


def test_a_day_is_found_by_its_words_and_not_by_parts_of_them() -> None:
    index = _index(document("a", "Lisbon is hilly", author="Caroline"))

    found = {query: _keys(index, query) for query in ("May", "2023", "Carolina", "hill")}
    noise = {query: _keys(index, query) for query in ("mayonnaise", "2024", "1823")}

    assert set(map(tuple, found.values())) == {("a",)}, found
    assert set(map(tuple, noise.values())) == {()}, noise


def test_where_no_text_has_a_word_a_few_shared_letters_are_no_match() -> None:
    index = _index(
        document("a", "I repaired the engine on my own, and something else"),
        document("b", "We booked a hotel in Kyoto for March"),
        document("c", "Marmalade recipe: oranges"),
    )

    asked = ("wedding engagement", "marsupials", "kyot", "marmelade", "orangeade housing")

    assert [_keys(index, query) for query in asked] == [[], [], ["b"], ["c"], ["c"]]
