"""Normal forms, sizes, and the ways into a row and onto the wire."""

import math
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.db.body import decode, encode
from smriti.db.dynamodb_wire import dump_item, load_item
from smriti.db.table import InvalidOperation, Value
from smriti.db.values import MAX_LEVELS, byte_length, normal, size_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('$"\\'))
NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.floats(-1e30, 1e30).filter(
    lambda number: number == 0 or abs(number) > 1e-100
)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS | st.sampled_from(["$b", "$n"]), inner),
    max_leaves=12,
)
ITEMS = st.dictionaries(TEXTS, VALUES)


class Colour(StrEnum):
    RED = "red"


@given(ITEMS)
def test_a_normal_value_is_normal_already(item: dict[str, Value]) -> None:
    once = normal(item)

    assert repr(normal(once)) == repr(once)


@given(ITEMS)
def test_an_item_survives_its_way_through_a_row(item: dict[str, Value]) -> None:
    normalised = {name: normal(value) for name, value in item.items()}

    assert repr(decode(encode(normalised))) == repr(normalised)


@given(ITEMS)
def test_an_item_survives_its_way_through_attribute_values(item: dict[str, Value]) -> None:
    normalised = {name: normal(value) for name, value in item.items()}

    assert repr(load_item(dump_item(normalised))) == repr(normalised)


def test_the_values_of_other_writers_can_be_read() -> None:
    wire = {"set": {"SS": ["b", "a"]}, "numbers": {"NS": ["1", "2.5"]}, "n": {"N": "1E+3"}}

    assert load_item(wire) == {"set": ["b", "a"], "numbers": [1, 2.5], "n": 1000}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 1),
        (True, 1),
        ("", 0),
        ("abc", 3),
        ("é😀", 6),
        (b"\x00\xff", 2),
        (0, 2),
        (12, 3),
        (-123, 3),
        (10**37, 21),
        ([], 3),
        ([None, "ab"], 8),
        ({}, 3),
        ({"é": 1}, 8),
    ],
)
def test_sizes_are_those_of_dynamodb(value: Value, size: int) -> None:
    assert size_of(value) == size


@given(VALUES)
def test_a_value_is_at_least_as_large_as_its_texts(value: Value) -> None:
    def texts(part: Value) -> int:
        match part:
            case str():
                return len(part.encode())
            case list():
                return sum(map(texts, part))
            case dict():
                return sum(byte_length(name) + texts(entry) for name, entry in part.items())
            case _:
                return 0

    assert size_of(value) >= texts(value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Colour.RED, "red"),
        ((1, 2.0), [1, 2]),
        (1e15, 10**15),
        (-0.0, 0),
        (10**38 - 1, 10**38 - 1),
        ({Colour.RED: True}, {"red": True}),
    ],
)
def test_values_take_their_plain_form(value: object, stored: Value) -> None:
    assert repr(normal(value)) == repr(stored)


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        ["a", "\udfff"],
        {"\ud800": 1},
        {1: "a"},
        math.inf,
        math.nan,
        1e39,
        -(10**38),
        1e-131,
        {1, 2},
        object(),
        1j,
    ],
)
def test_what_no_engine_can_store_is_refused(value: object) -> None:
    with pytest.raises(InvalidOperation):
        normal(value)


def test_nesting_has_a_limit() -> None:
    value: Value = "x"
    for _ in range(MAX_LEVELS - 1):
        value = [value]

    assert normal(value) == value
    with pytest.raises(InvalidOperation):
        normal({"deeper": value})
