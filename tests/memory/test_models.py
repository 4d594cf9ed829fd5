"""The rules that every text of memory follows."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from smriti.memory.models import Line, clean_line, clean_text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Likes tea ", "Likes tea"),
        ("one\ntwo\r\n\r\n three", "one two three"),
        ("tab\there", "tab here"),
        ("next\x85line\u2028and\u2029paragraph", "next line and paragraph"),
        ("bell\x07 and null\x00", "bell and null"),
        ("two  blanks stay", "two  blanks stay"),
        ("half \ud800 of one", "half  of one"),
        ("\x00\n\t", ""),
    ],
)
def test_a_line_is_one_line(text: str, line: str) -> None:
    assert clean_line(text) == line


@given(st.text(st.characters(exclude_categories=[])))
def test_a_clean_line_is_storable_and_stays_as_it_is(text: str) -> None:
    line = clean_line(text)

    assert line.splitlines() in ([], [line])
    assert not {unicodedata.category(character) for character in line} & {"Cc", "Cs"}
    assert line.encode().decode() == line == clean_line(line)


@given(st.text(st.characters(exclude_categories=[])))
def test_a_line_is_refused_or_shows_something(text: str) -> None:
    try:
        line = TypeAdapter[str](Line).validate_python(text)
    except ValidationError:
        return

    assert line == clean_line(text) != ""


def test_a_text_keeps_its_line_breaks() -> None:
    assert clean_text(" one\n\ntwo\ud800 \n") == "one\n\ntwo"
