"""The extra HTTP headers that a user may have sent with every model request."""

import re
from typing import Final

import orjson

from smriti.core.errors import Invalid

_MAX_HEADERS: Final = 20
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2, token
_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")  # no line ends, and what every server can read
# These frame the request; whoever sets them could end it early and begin another.
_OURS: Final = {
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class InvalidHeaders(Invalid):
    slug = "invalid-headers"


def parse_headers(text: str) -> dict[str, str]:
    """The headers of a JSON object or of `Name: value` lines; `InvalidHeaders` says what is wrong.

    Values are often secrets: no message repeats one.
    """
    stripped = text.strip()
    pairs = _from_json(stripped) if stripped.startswith("{") else _from_lines(stripped)
    if len(pairs) > _MAX_HEADERS:
        raise InvalidHeaders(f"At most {_MAX_HEADERS} default headers are possible.")
    for name, value in pairs:
        _check(name, value)
    return dict(pairs)


def _from_json(text: str) -> list[tuple[str, str]]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidHeaders(
            "The default headers begin as a JSON object but are not one."
        ) from error
    for name, value in document.items():
        if not isinstance(value, str | int | float):
            raise InvalidHeaders(f"The default header {name!r} needs a text as its value.")
    return [(name.strip(), str(value).strip()) for name, value in document.items()]


def _from_lines(text: str) -> list[tuple[str, str]]:
    pairs = []
    for number, line in enumerate(text.splitlines(), start=1):
        name, colon, value = line.partition(":")
        if colon:
            pairs.append((name.strip(), value.strip()))
        elif line.strip():
            raise InvalidHeaders(
                f"Line {number} of the default headers is not of the form 'Name: value'."
            )
    return pairs


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidHeaders(f"{name!r} cannot be the name of a header.")
    if name.lower() in _OURS:
        raise InvalidHeaders(f"The header {name!r} belongs to the connection; it cannot be set.")
    if not _VALUE.fullmatch(value):
        raise InvalidHeaders(f"The value of the header {name!r} may only hold plain characters.")
