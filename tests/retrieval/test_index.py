"""The index of one corpus, against one that is built at once and against plain arithmetic."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from smriti.retrieval.documents import FACTS, MESSAGES, Document, Filter, Hit
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


def _all(index: Index, query: str, where: Filter = Filter()) -> list[Hit]:  # noqa: B008 - frozen
    ranking = index.rank(query, where=where)
    return list(ranking.page(0, ranking.total))


@settings(max_examples=200, deadline=None)
@given(_changes, _queries, st.sampled_from([0, 1000]))
def test_an_index_that_grew_equals_one_that_was_built_at_once(
    changes: list[Document | str], query: str, few_dead: int
) -> None:
    index, fresh = _changed(changes, few_dead=few_dead)

    assert _all(index, query) == _all(fresh, query)
    assert index.rank(query).relevance == fresh.rank(query).relevance
    assert (len(index), set(index.keys())) == (len(fresh), set(fresh.keys()))
