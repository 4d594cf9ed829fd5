"""A JSON document is read as any parser reads it, however little of it is there at a time."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.transfer.reader import ImportFileInvalid, JsonReader

_MOST = 10_000_000
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner)
    ),
    max_leaves=30,
)


class Trickle(io.BytesIO):
    """Gives a few bytes at a time, whatever is asked for."""

    def __init__(self, content: bytes, step: int) -> None:
        super().__init__(content)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._step if size is None or size < 0 else min(size, self._step))


def _reader(content: bytes | str, step: int = 7) -> JsonReader:
    return JsonReader(Trickle(content.encode() if isinstance(content, str) else content, step))


def _walked(reader: JsonReader, depth: int) -> Any:
    """The next value, its upper levels read member by member."""
    kind = reader.peek()
    if depth and kind == "{":
        return {name: _walked(reader, depth - 1) for name in reader.members()}
    if depth and kind == "[":
        return [_walked(reader, depth - 1) for _ in reader.entries()]
    return reader.value(_MOST)


@given(value=_VALUES, step=st.integers(1, 40), depth=st.integers(0, 4), data=st.data())
def test_every_document_is_read_as_it_is(
    value: Any, step: int, depth: int, data: st.DataObject
) -> None:
    indent = data.draw(st.sampled_from([None, 0, 2]))
    text = json.dumps(value, indent=indent, ensure_ascii=data.draw(st.booleans()))

    reader = _reader(text, step)
    read = _walked(reader, depth)
    reader.end()

    assert read == value


@given(value=_VALUES, step=st.integers(1, 40))
def test_what_is_skipped_leaves_the_rest_in_place(value: Any, step: int) -> None:
    reader = _reader(json.dumps({"a": value, "b": [value, 1], "c": 7}), step)
    found = None

    for name in reader.members():
        if name == "c":
            found = reader.value(_MOST)
        else:
            reader.skip()
    reader.end()

    assert found == 7


@given(value=_VALUES, cut=st.floats(0, 1, exclude_max=True), step=st.integers(1, 40))
def test_a_document_that_is_cut_off_is_refused(value: Any, cut: float, step: int) -> None:
    text = json.dumps({"a": value}).encode()

    reader = _reader(text[: int(len(text) * cut)], step)

    with pytest.raises(ImportFileInvalid):
        _walked(reader, 3)


def _fault(content: bytes | str, read: Callable[[JsonReader], object]) -> str:
    with pytest.raises(ImportFileInvalid) as caught:
        read(_reader(content, 7 if len(content) < 1000 else 1 << 24))
    return caught.value.detail


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "The file: must be an object"),
        ("[1]", "The file: must be an object"),
        ('{"a" 1}', "The file: is cut off, or is not JSON"),
        ("{'a': 1}", "The file: is cut off, or is not JSON"),
        ('{"a": 1,}', "The file: is cut off, or is not JSON"),
        ('{"a": [1, nope]}', "a[1]: is cut off, or is not JSON"),
        ('{"a": [1,]}', "a[1]: is cut off, or is not JSON"),
        ('{"a": [NaN]}', "a[0]: holds a number"),
        ('{"a": [1e999]}', "a[0]: holds a number"),
        ('{"a": ' + "1" * 5000 + "}", "a: holds a number"),
        ('{"a": [12345678901234567890123]}', "a[0]: holds half of a character"),
        ('{"a": ["\\ud800"]}', "a[0]: holds half of a character"),
        ('{"a": ' + "[" * 100_000, "a[0]: holds a number, or lists in lists"),
        (b'{"a": "\xff"}', "a: is not UTF-8"),
        ('{"a": 1} {}', "The file: there is something behind its end"),
    ],
)
def test_what_is_no_json_is_refused_and_its_place_named(content: bytes | str, fault: str) -> None:
    def read(reader: JsonReader) -> None:
        _walked(reader, 2) if reader.peek() == "{" else next(reader.members())
        reader.end()

    assert _fault(content, read).startswith(fault)


def test_a_value_may_not_be_larger_than_is_expected() -> None:
    def read(reader: JsonReader) -> None:
        for _ in reader.members():
            reader.value(100)

    assert _fault('{"a": "' + "x" * 100 + '"}', read) == "a: has more than 100 characters"
    assert _fault('{"a": "' + "x" * 900_000 + '"}', read) == "a: has more than 100 characters"


def test_a_value_may_not_be_made_of_countless_lists() -> None:
    def read(reader: JsonReader) -> None:
        reader.value(20_000_000)

    assert "lists and objects" in _fault("[" + "[]," * 1_000_001 + "1]", read)


def test_a_byte_order_mark_is_overlooked() -> None:
    assert _reader(b'\xef\xbb\xbf{"a": 1}').value(100) == {"a": 1}
