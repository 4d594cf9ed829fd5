"""An import as a browser's form sends it."""

import json
from collections.abc import AsyncIterator
from typing import Final

import pytest

from smriti.transfer.form import FormInvalid, file_in
from tests.home import Home
from tests.transfer.characters import OLD_SAILOR
from tests.transfer.files import agent_file

_FORM: Final = (
    b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nNot this\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n'
    b"Content-Type: application/json\r\n\r\n{\r\n--c\r\n}\r\n--b--\r\n"
)


def _file(content: object) -> dict[str, tuple[str, bytes, str]]:
    return {"file": ("bjarne.json", json.dumps(content).encode(), "application/json")}


async def test_a_form_brings_a_file(home: Home) -> None:
    response = await home.client.post("/agents/import", files=_file(OLD_SAILOR), data={"a": "b"})

    assert response.status_code == 201, response.text
    assert response.json()["agent_name"] == "Bjarne"


async def test_the_same_file_in_another_form_makes_nothing_twice(home: Home) -> None:
    """Each form has a boundary of its own."""
    headers = {"Idempotency-Key": "move-1"}
    answers = [
        await home.client.post("/agents/import", files=_file(agent_file()), headers=headers)
        for _ in range(2)
    ]

    assert answers[0].request.headers["Content-Type"] != answers[1].request.headers["Content-Type"]
    assert answers[0].json() == answers[1].json()
    assert len(await home.get("/agents")) == 1


@pytest.mark.parametrize(
    ("content_type", "body", "fault"),
    [
        ("multipart/form-data", _FORM, "The file's Content-Type must be application/json, or"),
        (f"multipart/form-data; boundary={'b' * 300}", _FORM, "The file's Content-Type must be"),
        ("multipart/form-data; boundary=c", _FORM, "The form is not multipart/form-data."),
        ("multipart/form-data; boundary=b", b"", "The form is cut off."),
        ("multipart/form-data; boundary=b", _FORM[:-9], "The form is cut off."),
        (
            "multipart/form-data; boundary=b",
            _FORM.replace(b'"file"', b'"upload"'),
            "The form must have one file in its field 'file', and has 0.",
        ),
        (
            "multipart/form-data; boundary=b",
            _FORM.replace(b'"note"', b'"file"'),
            "The form must have one file in its field 'file', and has 2.",
        ),
        ("multipart/form-data; boundary=b", _FORM, "The file: "),
    ],
)
async def test_a_form_without_just_one_file_is_refused(
    home: Home, content_type: str, body: bytes, fault: str
) -> None:
    response = await home.client.post(
        "/agents/import", content=body, headers={"Content-Type": content_type}
    )

    assert response.status_code == 422
    assert response.json()["detail"][: len(fault)] == fault
    assert await home.get("/agents") == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_a_form_may_arrive_in_pieces_of_any_size(size: int) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(_FORM), size):
            yield _FORM[start : start + size]

    found = b"".join([piece async for piece in file_in(pieces(), b"b")])

    assert found == b"{\r\n--c\r\n}"


async def test_a_header_without_an_end_is_refused() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"--b\r\nContent-Disposition: "
        while True:
            yield b"x" * 1000

    with pytest.raises(FormInvalid):
        async for _ in file_in(endless(), b"b"):
            pass
