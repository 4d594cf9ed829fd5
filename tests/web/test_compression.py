"""Which answers are compressed."""

import gzip
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from smriti.web.compression import CompressedJSON
from tests.home import Home

_JSON = b"application/json"
_LONG = b'"' + b"so long " * 1000 + b'"'


async def _answered(
    bodies: Sequence[bytes],
    *,
    media_type: bytes = _JSON,
    method: str = "GET",
    accepts: bytes = b"gzip, br",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> list[Message]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        kind = (b"content-type", media_type)
        length = (b"content-length", str(sum(map(len, bodies))).encode())
        await send(
            {"type": "http.response.start", "status": 200, "headers": [kind, length, *headers]}
        )
        for number, body in enumerate(bodies, start=1):
            more = number < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "headers": [(b"accept-encoding", accepts)]}
    await CompressedJSON(app)(scope, receive, send)
    return sent


@pytest.mark.parametrize("body", [_LONG, _LONG * 20])
async def test_json_is_compressed_on_the_way(body: bytes) -> None:
    start, answer = await _answered([body])

    headers = dict(start["headers"])
    assert gzip.decompress(answer["body"]) == body
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"content-length"] == str(len(answer["body"])).encode()
    assert headers[b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize(
    ("bodies", "about"),
    [
        ([b"{}"], {}),
        ([_LONG * 200], {}),
        ([_LONG, _LONG], {}),
        ([_LONG], {"method": "POST"}),
        ([_LONG], {"accepts": b"br"}),
        ([_LONG], {"accepts": b"gzip;q=0, br"}),
        ([_LONG], {"media_type": b"text/event-stream"}),
        ([_LONG], {"media_type": b"text/plain; version=0.0.4"}),
        ([_LONG], {"headers": [(b"content-disposition", b"attachment")]}),
        ([_LONG], {"headers": [(b"content-encoding", b"br")]}),
    ],
)
async def test_everything_else_passes_as_it_is(
    bodies: list[bytes], about: dict[str, bytes]
) -> None:
    _, *answer = await _answered(bodies, **about)  # type: ignore[arg-type]

    assert [message["body"] for message in answer] == bodies


async def test_a_list_of_conversations_is_compressed(home: Home) -> None:
    agent = await home.agent()
    for _ in range(8):
        await home.client.post("/conversations/", json={"agent_id": agent["agent_id"]})

    answer = await home.client.get("/conversations/", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["items"]) == 8
