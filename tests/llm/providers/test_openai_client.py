"""Questions after the first, which the SDK has not built."""

import ssl
from collections.abc import Callable

import httpx2
import pytest

from smriti.core.outbound import AddressRefused
from tests.llm.providers.openai_server import (
    EVENTS,
    KEY,
    REQUEST,
    Pieces,
    Server,
    failure,
    refusal,
    reply,
    streamed,
)


@pytest.mark.parametrize("key", [KEY, ""])
async def test_a_later_request_is_what_a_first_one_would_be(key: str) -> None:
    asked = REQUEST.model_copy(update={"system": "Be kind, and brief."})
    warm, cold = Server(streamed(), streamed()), Server(streamed())
    provider = warm.provider(api_key=key, default_headers="X-Title: Smriti")
    await reply(provider)

    assert await reply(provider, asked) == EVENTS
    await reply(cold.provider(api_key=key, default_headers="X-Title: Smriti"), asked)

    later, first = warm.requests[1], cold.requests[0]
    assert (later.method, later.url, later.content) == (first.method, first.url, first.content)
    assert sorted(later.headers.raw) == sorted(first.headers.raw)
    assert later.extensions == first.extensions


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: httpx2.ConnectError("refused"),
        lambda: httpx2.ReadTimeout("slow"),
        lambda: httpx2.UnsupportedProtocol("odd"),
        lambda: ssl.SSLError("eof"),
        lambda: AddressRefused("private"),
        lambda: refusal(301),
        lambda: refusal(401, f"Bad key {KEY}"),
        lambda: httpx2.Response(429, headers={"retry-after": "3"}, json={"error": {"code": "x"}}),
        lambda: httpx2.Response(500, stream=Pieces(*[b"x" * 65536] * 100)),
    ],
)
async def test_a_later_request_fails_as_a_first_one_would(
    trouble: Callable[[], httpx2.Response | Exception],
) -> None:
    provider = Server(streamed(), trouble()).provider()
    await reply(provider)

    later, first = await failure(provider), await failure(Server(trouble()).provider())

    assert vars(later) == vars(first)
