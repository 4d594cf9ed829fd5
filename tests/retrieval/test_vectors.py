"""Vectors, against plain arithmetic, and how they are fused with words."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smriti.retrieval.documents import Document
from smriti.retrieval.fusion import dense_scores
from smriti.retrieval.index import Index
from smriti.retrieval.vectors import Vector, Vectors, unit

_NOON = datetime(2023, 5, 8, 12, tzinfo=UTC)
_DIMENSIONS = 24


def _unit(seed: int, dimensions: int = _DIMENSIONS) -> Vector:
    """Exact in half precision, or nearly."""
    vector = np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)
    return (vector / np.linalg.norm(vector)).astype(np.float16).astype(np.float32)


def _raw(vector: Vector) -> bytes:
    return vector.astype(np.float16).tobytes()


def _nearest(held: dict[int, Vector], query: Vector, count: int) -> list[tuple[int, float]]:
    cosines = {row: float(vector @ query) for row, vector in held.items()}
    return sorted(cosines.items(), key=lambda each: -each[1])[:count]


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 30), max_size=80),
    st.sampled_from([10**9, 12 * _DIMENSIONS]),
    st.integers(1, 9),
)
def test_the_nearest_are_found_whatever_came_and_went(
    rows: list[int], binary_from: int, count: int
) -> None:
    vectors, held = Vectors(_DIMENSIONS, binary_from=binary_from), dict[int, Vector]()
    for seed, row in enumerate(rows):
        if row in held:
            vectors.remove(row)
            del held[row]
        else:
            held[row] = _unit(seed)
            vectors.put(row, held[row])
    query = _unit(1000)

    cosines, found = vectors.search(query, count) if held else ((), ())

    wanted = _nearest(held, query, count)
    assert [int(row) for row in found] == [row for row, _ in wanted]
    assert list(cosines) == pytest.approx([cosine for _, cosine in wanted], abs=1e-5)
    assert [row in vectors for row in range(31)] == [row in held for row in range(31)]
    if held:
        mean = np.mean([vector @ query for vector in held.values()])
        assert vectors.usual(query) == pytest.approx(float(mean), abs=1e-5)


def test_single_bits_find_nearly_what_a_whole_comparison_finds() -> None:
    count, dimensions = 3000, 64
    held = {row: _unit(row, dimensions) for row in range(count)}
    vectors = Vectors(dimensions, binary_from=1000 * dimensions)
    for row, vector in held.items():
        vectors.put(row, vector)

    shares = []
    for seed in range(20):
        query = (held[seed] + _unit(count + seed, dimensions) / 2).astype(np.float32)
        found = set(vectors.search(query, 10)[1].tolist())
        shares.append(len(found & {row for row, _ in _nearest(held, query, 10)}) / 10)

    assert vectors.centred_at > 0
    assert np.mean(shares) > 0.95


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"odd",
        _raw(np.full(_DIMENSIONS, np.nan, np.float32)),
        _raw(np.array([np.inf, 0], np.float32)),
        _raw(np.zeros(_DIMENSIONS, np.float32)),
        _raw(3 * _unit(1)),
    ],
)
def test_what_is_no_unit_vector_is_not_taken(raw: bytes | None) -> None:
    assert unit(raw) is None
    index = Index(model="m")
    assert index.put(Document("a", "dog", _NOON, vector=raw, vector_model="m"))
    assert not index.set_vector("a", 0, raw or b"")
    assert index.lacking(5) == ["a"]


def test_dense_scores_are_told_from_the_mean_up_to_the_best() -> None:
    cosines = np.array([0.9, 0.5, 0.1], np.float32)

    assert dense_scores(cosines, 0.5).tolist() == pytest.approx([1, 0, 0])
    assert dense_scores(cosines, 0.1).tolist() == pytest.approx([1, 0.5, 0])
    assert dense_scores(cosines[:1], 0.9).tolist() == [1]
    assert dense_scores(-cosines[:1], -0.9).tolist() == [0]


def _index(*texts: str) -> Index:
    index = Index(model="m")
    for number, text in enumerate(texts):
        index.put(Document(f"{number}", text, _NOON))
    return index


def test_what_the_words_do_not_find_the_vector_does() -> None:
    index = _index("a dog barked", "felines purr", "rain")
    for number in range(3):
        assert index.set_vector(f"{number}", 0, _raw(_unit(number)))

    ranking = index.rank("cats", _unit(1))

    assert [hit.sk for hit in ranking.page(0, 1)] == ["1"]
    assert ranking.relevance == pytest.approx(1, abs=1e-3)
    assert index.rank("cats").total == 0


def test_rows_without_a_vector_have_the_lexical_part() -> None:
    index = _index("a dog barked", "dogs", "felines")
    index.set_vector("2", 0, _raw(_unit(2)))

    found = [hit.sk for hit in index.rank("dog", _unit(2)).page(0, 9)]

    assert found == ["0", "1", "2"]
    assert index.lacking(9) == ["0", "1"]
    assert index.lacking(1) == ["0"]


def test_a_vector_goes_with_its_document_and_comes_with_it() -> None:
    index = _index("dog", "cat")
    with_vector = Document("0", "dog", _NOON, vector=_raw(_unit(0)), vector_model="m")
    other_model = Document("1", "cat", _NOON, vector=_raw(_unit(1)), vector_model="other")

    assert [index.put(with_vector), index.put(with_vector), index.put(other_model)] == [
        True,
        False,
        False,
    ]
    assert index.lacking(9) == ["1"]
    assert index.put(Document("0", "a red dog", _NOON))
    assert sorted(index.lacking(9)) == ["0", "1"]
    assert index.rank("none", _unit(0)).total == 0
    assert not index.set_vector("gone", 0, _raw(_unit(0)))
    assert not index.set_vector("0", 1, _raw(_unit(0)))


def test_a_vector_of_other_dimensions_is_not_taken() -> None:
    index = _index("dog", "cat")

    assert index.set_vector("0", 0, _raw(_unit(0)))
    assert not index.set_vector("1", 0, _raw(_unit(1, 8)))
    assert index.rank("dog", _unit(1, 8)).total == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_query_that_is_no_vector_is_searched_for_by_its_words(bad: float) -> None:
    index = _index("dog", "cat")
    index.set_vector("1", 0, _raw(_unit(1)))

    ranking = index.rank("dog", np.full(_DIMENSIONS, bad, np.float32))

    assert [hit.sk for hit in ranking.page(0, 9)] == ["0"]


def test_without_a_model_nothing_lacks_a_vector() -> None:
    index = Index()
    index.put(Document("a", "dog", _NOON, vector=_raw(_unit(0)), vector_model="m"))

    assert index.lacking(9) == []
    assert index.rank("none", _unit(0)).total == 0


def test_vectors_stay_with_their_rows_when_the_dead_are_cleared_away() -> None:
    index = Index(model="m", few_dead=0)
    for number in range(50):
        vector = _raw(_unit(number))
        index.put(Document(f"{number}", "dog", _NOON, vector=vector, vector_model="m"))
    for number in range(40):
        index.remove(f"{number}")

    assert [index.rank("none", _unit(n)).page(0, 1)[0].sk for n in range(40, 50)] == [
        f"{n}" for n in range(40, 50)
    ]
