"""What happens around every request."""

import re
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, get_contextvars
from structlog.typing import EventDict

from smriti.observability.metrics import Metrics
from smriti.observability.middleware import BodyLimit, CrashBarrier, RequestLog


async def _signs(scope: Scope) -> bool:
    return (b"authorization", b"Bearer ours") in scope["headers"]


def _app(metrics: Metrics) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.add_middleware(BodyLimit, max_bytes=1000, stranger_bytes=100, knows=_signs)
    app.add_middleware(CrashBarrier)
    app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.com"])
    app.add_middleware(RequestLog, metrics=metrics)

    @app.get("/agents/{agent_id}")
    async def get_agent(agent_id: str) -> dict[str, object]:
        bind_contextvars(user="ada@example.com")
        return get_contextvars()

    @app.get("/framed")
    async def get_framed() -> StreamingResponse:
        return StreamingResponse(iter(["page"]), headers={"X-Frame-Options": "SAMEORIGIN"})

    @app.post("/notes")
    async def post_note(note: dict[str, str]) -> dict[str, str]:
        return note

    @app.get("/bug")
    async def get_bug() -> None:
        raise RuntimeError("private reason")

    @app.get("/stream")
    async def get_stream() -> StreamingResponse:
        return StreamingResponse(_frames(metrics), media_type="text/event-stream")

    return app


async def _frames(metrics: Metrics) -> AsyncIterator[str]:
    assert b"smriti_open_streams 1.0" in metrics.text()
    yield "data: 1\n\n"
    yield "data: 2\n\n"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(metrics: Metrics) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=_app(metrics))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def logs() -> AsyncIterator[list[EventDict]]:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        yield logs


async def test_a_request_leaves_one_line_without_its_query(
    client: httpx2.AsyncClient, logs: list[EventDict]
) -> None:
    answer = await client.get("/agents/a%0Ab?token=secret", headers={"X-Request-Id": "abc-1"})

    assert answer.json() == {"request_id": "abc-1", "user": "ada@example.com"}
    (line,) = logs
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "request.finished",
        "log_level": "info",
        "method": "GET",
        "path": "/agents/a%0Ab",
        "status": 200,
        "bytes": len(answer.content),
        "request_id": "abc-1",
        "user": "ada@example.com",
    }


async def test_an_id_is_made_when_none_is_given(client: httpx2.AsyncClient) -> None:
    first = await client.get("/agents/1")
    second = await client.get("/agents/1")

    assert re.fullmatch(r"[0-9a-f-]{36}", first.headers["x-request-id"])
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize("harmful", ["a b", "x" * 65, "a\tforged=1", "", "é"])
async def test_a_harmful_id_is_replaced(client: httpx2.AsyncClient, harmful: str) -> None:
    answer = await client.get("/agents/1", headers={b"X-Request-Id": harmful.encode()})

    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/agents/1", "/nowhere", "/bug", "/stream"])
async def test_every_answer_has_an_id_and_safe_headers(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={"X-Request-Id": "r1"})

    assert answer.headers["x-request-id"] == "r1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"


async def test_a_route_may_choose_its_own_headers(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/framed")

    assert answer.headers.get_list("x-frame-options") == ["SAMEORIGIN"]


async def test_a_preflight_has_an_id_too(client: httpx2.AsyncClient, logs: list[EventDict]) -> None:
    answer = await client.options(
        "/agents/1",
        headers={"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"},
    )

    assert answer.status_code == 200
    assert "x-request-id" in answer.headers
    assert [line["event"] for line in logs] == ["request.finished"]


async def test_a_bug_is_a_problem_that_a_browser_can_read(
    client: httpx2.AsyncClient, logs: list[EventDict]
) -> None:
    answer = await client.get("/bug", headers={"Origin": "https://app.example.com"})

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert answer.json()["detail"] == "Internal server error"
    assert "private reason" not in answer.text
    assert [(line["event"], line.get("exc_info")) for line in logs] == [
        ("request.crashed", True),
        ("request.finished", None),
    ]


async def _pieces(total: int) -> AsyncIterator[bytes]:
    yield b'{"a": "'
    yield b"x" * (total - 9)
    yield b'"}'


async def test_a_body_up_to_the_limit_is_read(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/notes",
        content=_pieces(1000),
        headers={"Content-Type": "application/json", "Authorization": "Bearer ours"},
    )

    assert answer.json() == {"a": "x" * 991}


@pytest.mark.parametrize(("body", "status"), [(100, 200), (101, 413)])
@pytest.mark.parametrize("declared", [True, False])
async def test_who_is_not_known_may_send_less(
    client: httpx2.AsyncClient, body: int, status: int, declared: bool
) -> None:
    content = b"".join([piece async for piece in _pieces(body)]) if declared else _pieces(body)

    answer = await client.post(
        "/notes", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == status
    if status == 413:
        assert answer.json()["detail"] == (
            "A request body may have 100 bytes at most. Who is signed in may send 1000."
        )


@pytest.mark.parametrize("body", [b" " * 1001, _pieces(1001)])
async def test_a_larger_body_is_a_problem_that_a_browser_can_read(
    client: httpx2.AsyncClient, body: bytes | AsyncIterator[bytes], logs: list[EventDict]
) -> None:
    answer = await client.post(
        "/notes",
        content=body,
        headers={
            "Content-Type": "application/json",
            "Origin": "https://app.example.com",
            "Authorization": "Bearer ours",
        },
    )

    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert answer.json() == {
        "type": "/problems/too-large",
        "title": "Too large",
        "status": 413,
        "detail": "A request body may have 1000 bytes at most.",
        "path": "/notes",
    }
    assert [(line["event"], line["status"]) for line in logs] == [("request.finished", 413)]


async def test_an_event_stream_is_open_until_its_end(
    client: httpx2.AsyncClient, metrics: Metrics
) -> None:
    answer = await client.get("/stream")

    assert answer.text == "data: 1\n\ndata: 2\n\n"
    assert b"smriti_open_streams 0.0" in metrics.text()


async def test_requests_are_counted_by_route(client: httpx2.AsyncClient, metrics: Metrics) -> None:
    await client.get("/agents/1")
    await client.get("/agents/2")
    await client.get("/nowhere/1")

    lines = metrics.text().decode().splitlines()
    counted = 'smriti_requests_total{method="GET",route='
    assert f'{counted}"/agents/{{agent_id}}",status="200"}} 2.0' in lines
    assert f'{counted}"unmatched",status="404"}} 1.0' in lines


def _request() -> Scope:
    return {"type": "http", "method": "GET", "path": "/", "headers": []}


async def _receive() -> Message:
    return {"type": "http.disconnect"}


async def test_chunks_pass_at_once() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        seen.append("after the first")
        await send({"type": "http.response.body", "body": b"2"})

    async def send(message: Message) -> None:
        seen.append(str(message.get("body", message["type"])))

    await RequestLog(CrashBarrier(app), Metrics())(_request(), _receive, send)

    assert seen == ["http.response.start", "b'1'", "after the first", "b'2'"]


async def test_an_answer_that_breaks_off_is_not_answered_twice(logs: list[EventDict]) -> None:
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(RuntimeError, match="too late"):
        await RequestLog(CrashBarrier(app), Metrics())(_request(), _receive, send)

    assert [message["type"] for message in sent] == ["http.response.start"]
    assert [(line["event"], line.get("error")) for line in logs] == [
        ("request.broken_off", "RuntimeError"),
        ("request.finished", None),
    ]


async def test_a_client_that_leaves_before_the_answer_is_a_499(logs: list[EventDict]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent")

    await RequestLog(app, Metrics())(_request(), _receive, send)

    assert logs[0]["status"] == 499


@pytest.mark.parametrize(
    "layer",
    [
        CrashBarrier,
        lambda app: RequestLog(app, Metrics()),
        lambda app: BodyLimit(app, 1000, 100, _signs),
    ],
)
async def test_other_protocols_pass_untouched(layer: Callable[[ASGIApp], ASGIApp]) -> None:
    passed: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope)

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent")

    await layer(app)({"type": "lifespan"}, _receive, send)

    assert passed == [{"type": "lifespan"}]
