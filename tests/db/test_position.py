"""Positions open to what they were made of, and nothing else opens."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.db.position import position_of, scan_position_of, scan_start_of, start_of
from smriti.db.table import InvalidOperation, InvalidPosition, Item, Query

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


def sealed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@given(KEYS, KEYS)
def test_a_position_opens_to_the_sort_key_alone(pk: str, sk: str) -> None:
    position = position_of({"pk": pk, "sk": sk})

    assert start_of(Query("any", after=position)) == [sk]


@given(KEYS, KEYS, KEYS)
def test_a_position_in_the_index_opens_to_its_sort_key_and_the_item_key(
    index_sk: str, pk: str, sk: str
) -> None:
    item: Item = {"pk": pk, "sk": sk, "gsi2_pk": "secret", "gsi2_sk": index_sk}

    position = position_of(item, index=True)

    assert start_of(Query("any", index=True, after=position)) == [index_sk, pk, sk]


@given(KEYS, KEYS)
def test_a_scan_goes_on_after_a_key(pk: str, sk: str) -> None:
    assert scan_start_of(scan_position_of((pk, sk)), limit=1) == (pk, sk)


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: raw.hex()))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidPosition):
        start_of(Query("any", begins="a prefix that no noise has", after=text))


@pytest.mark.parametrize(
    "value",
    [
        [],
        ["a", "b"],
        "a",
        {"a": 1},
        [1],
        [""],
        [None],
        ["\ud800"],
        ["x" * 1025],
        [["a"]],
    ],
)
def test_what_is_no_key_is_refused(value: object) -> None:
    with pytest.raises(InvalidPosition):
        start_of(Query("any", after=sealed(value)))


def test_a_position_outside_of_the_query_is_refused() -> None:
    inside = position_of({"pk": "p", "sk": "M#2"})

    assert start_of(Query("p", begins="M#", after=inside)) == ["M#2"]
    assert start_of(Query("p", between=("M#2", "M#3"), after=inside)) == ["M#2"]
    for query in (
        Query("p", begins="N#", after=inside),
        Query("p", between=("M#3", "M#9"), after=inside),
        Query("p", between=("M#0", "M#1"), after=inside),
        Query("p", index=True, after=inside),
    ):
        with pytest.raises(InvalidPosition):
            start_of(query)


def test_a_scan_starts_at_the_beginning_and_takes_no_empty_page() -> None:
    assert scan_start_of(None, limit=1) is None
    with pytest.raises(InvalidOperation):
        scan_start_of(None, limit=0)
    with pytest.raises(InvalidPosition):
        scan_start_of(sealed(["p"]), limit=1)
