"""Lists of numbers by term: the same whether they came one by one or together."""

from collections import defaultdict
from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smriti.retrieval.lists import FEW, Lists

_BITS = 8
_PAIRS = st.lists(st.tuples(st.sampled_from([0, 3, 7, (1 << 64) - 1]), st.integers(0, 90)))


def _of(lists: Lists, *terms: int) -> list[list[int]]:
    return [[int(value) for piece in pieces for value in piece] for pieces in lists.of(terms)]


@given(st.lists(st.tuples(st.sampled_from(["few", "many", "settle"]), _PAIRS), max_size=6))
def test_numbers_stand_in_the_order_in_which_they_came(
    steps: list[tuple[str, list[tuple[int, int]]]],
) -> None:
    lists, expected = Lists(), defaultdict[int, list[int]](list)
    for step, pairs in steps:
        for term, value in pairs:
            expected[term].append(value)
        terms, values = [term for term, _ in pairs], [value for _, value in pairs]
        if step == "many":
            some = sorted({term for term, _ in pairs})
            each = [[value for term, value in pairs if term == one] for one in some]
            lists.extend(
                np.array(some, np.uint64),
                np.array(list(map(len, each)), np.int64),
                np.array(list(chain.from_iterable(each)), np.uint32),
            )
        else:
            lists.append(terms, values)
        if step == "settle":
            lists.settle()

    asked = [5, *expected]
    assert _of(lists, *asked) == [[], *expected.values()]


@given(_PAIRS, st.sets(st.integers(0, 90)))
def test_only_what_is_kept_stays_under_new_numbers(
    pairs: list[tuple[int, int]], gone: set[int]
) -> None:
    lists = Lists()
    lists.append([term for term, _ in pairs], [row << _BITS | 5 for _, row in pairs])
    kept = np.array([row not in gone for row in range(91)])
    moved = np.cumsum(kept) - 1

    lists.keep(kept, moved, _BITS)

    expected = defaultdict[int, list[int]](list)
    for term, row in pairs:
        if row not in gone:
            expected[term].append(int(moved[row]) << _BITS | 5)
    assert _of(lists, *expected) == list(expected.values())
    assert lists.terms.tolist() == sorted(expected)


def test_there_are_never_many_that_have_no_place() -> None:
    lists = Lists()

    for value in range(3 * FEW):
        lists.append([value % 10], [value])

    assert lists.bytes < 5 * 3 * FEW
    assert _of(lists, 4) == [list(range(4, 3 * FEW, 10))]
