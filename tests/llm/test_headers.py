"""Extra headers that users give."""

import pytest

from smriti.llm.headers import InvalidHeaders, parse_headers


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("", {}),
        (" \n ", {}),
        (
            "X-Title: Smriti\r\n\nHTTP-Referer:http://a.b ",
            {"X-Title": "Smriti", "HTTP-Referer": "http://a.b"},
        ),
        ('{"X-Title": "Smriti", "X-Version": 2}', {"X-Title": "Smriti", "X-Version": "2"}),
        ("{}", {}),
        ("X-Empty:", {"X-Empty": ""}),
    ],
)
def test_headers_are_read_from_lines_and_json(text: str, headers: dict[str, str]) -> None:
    assert parse_headers(text) == headers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("X-Title", "Line 1 of the default headers is not of the form 'Name: value'."),
        ("{oops", "The default headers begin as a JSON object but are not one."),
        ('{"X": ["a"]}', "The default header 'X' needs a text as its value."),
        ('{"X": "a\\r\\nY: b"}', "The value of the header 'X' may only hold plain characters."),
        ("X: naïve", "The value of the header 'X' may only hold plain characters."),
        ("X Y: b", "'X Y' cannot be the name of a header."),
        (
            "Content-Length: 3",
            "The header 'Content-Length' belongs to the connection; it cannot be set.",
        ),
        ("\n".join(f"X-{n}: 1" for n in range(21)), "At most 20 default headers are possible."),
    ],
)
def test_what_cannot_be_a_header_is_refused_with_a_reason(text: str, told: str) -> None:
    with pytest.raises(InvalidHeaders) as refusal:
        parse_headers(text)

    assert refusal.value.detail == told


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(InvalidHeaders) as refusal:
        parse_headers('{"Authorization": "tök-secret"}')

    assert "secret" not in refusal.value.detail
