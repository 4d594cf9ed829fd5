"""The client for long streams, against servers of a few lines on loopback."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx2
import pytest

from smriti.core.outbound import AddressRefused
from smriti.core.outbound_aiohttp import stream_client
from tests.e2e.wire import Serve, listening
from tests.patience import PATIENCE_S

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
STREAM = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
BREAK = b"<close>"


class Server:
    """Answers each request with the next pieces; keeps what was sent, and by how many callers."""

    def __init__(self, *answers: Sequence[bytes]) -> None:
        self._answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.closed = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await _request(reader):
                self.requests.append(request)
                for piece in self._answers.pop(0):
                    if piece is BREAK:
                        return
                    writer.write(piece)
                    await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            self.closed.set()
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        async with listening(self.serve) as self.url:
            yield self


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length or 0))


def open_client(*, allow_private: bool = True, timeout_s: float = 60.0) -> httpx2.AsyncClient:
    return stream_client(allow_private=allow_private, timeout_s=timeout_s)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[fd00::1]", "[::ffff:127.0.0.1]"),
        "localhost",
    ],
)
async def test_a_private_address_is_refused_before_anything_is_sent(host: str) -> None:
    async with Server([OK]).running() as server, open_client(allow_private=False) as http:
        port = server.url.rpartition(":")[2]

        with pytest.raises(AddressRefused, match="ALLOW_PRIVATE_NETWORKS=on"):
            await http.get(f"http://{host}:{port}/")

        assert server.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.0.0.1", "017700000001"])
async def test_another_spelling_of_a_private_address_leads_nowhere(host: str) -> None:
    async with Server([OK]).running() as server, open_client(allow_private=False) as http:
        port = server.url.rpartition(":")[2]

        with pytest.raises((AddressRefused, httpx2.HTTPError, httpx2.InvalidURL)):
            await http.get(f"http://{host}:{port}/")

        assert server.connections == 0


async def test_a_name_is_connected_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    connected: list[Any] = []

    async def rebinding(host: str, *_: object, **__: object) -> list[Any]:
        """A name server that answers a public address when it is asked first, then a private."""
        asked.append(host)
        address = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]

    async def connect(_: socket.socket, address: object) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", rebinding)
    monkeypatch.setattr(loop, "sock_connect", connect)
    async with open_client(allow_private=False) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("http://models.example/")
        with pytest.raises(AddressRefused, match=r"'models\.example' is an address of a private"):
            await http.get("http://models.example/")

    assert connected == [("8.8.8.8", 80)]


async def test_a_name_that_does_not_exist_cannot_be_connected_to() -> None:
    async with open_client(allow_private=False) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("http://nowhere.invalid/")


async def test_a_request_arrives_as_it_was_written_and_nothing_is_added() -> None:
    async with Server([OK]).running() as server, open_client() as http:
        answer = await http.post(
            f"{server.url}/v1/%2F?a=b%20c", content=b'{"a":1}', headers={"X-Title": "Smriti"}
        )

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.lower().split(b"\r\n")
    names = sorted(header.partition(b":")[0] for header in headers)
    assert (answer.status_code, answer.content, body) == (200, b"ok", b'{"a":1}')
    assert line == b"post /v1/%2f?a=b%20c http/1.1"
    assert names == sorted(name.lower() for name, _ in answer.request.headers.raw)
    assert b"x-title: smriti" in headers


async def test_a_long_body_arrives_whole() -> None:
    body = b"x" * 3_000_000
    async with Server([OK]).running() as server, open_client() as http:
        await http.post(server.url, content=body)

    assert server.requests[0].endswith(b"\r\n\r\n" + body)


async def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with Server([OK]).running() as server, open_client() as http:
        assert (await http.get(server.url)).content == b"ok"


async def test_a_redirect_is_not_followed_and_a_cookie_not_kept() -> None:
    moved = b"HTTP/1.1 302 Found\r\nlocation: /b\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n"
    async with Server([moved], [OK]).running() as server, open_client() as http:
        assert (await http.get(f"{server.url}/a")).status_code == 302
        http.cookies.clear()
        await http.get(f"{server.url}/c")

    assert [request.split()[1] for request in server.requests] == [b"/a", b"/c"]
    assert b"cookie" not in server.requests[1].lower()


async def test_pieces_come_as_they_arrive_and_the_connection_serves_again() -> None:
    chunks = [STREAM + b"3\r\none\r\n", b"3\r\ntwo\r\n", b"0\r\n\r\n"]
    async with Server(chunks, [OK]).running() as server, open_client() as http:
        async with http.stream("GET", server.url) as answer:
            received = b"".join([piece async for piece in answer.aiter_raw()])
        await http.get(server.url)

    assert (received, server.connections) == (b"onetwo", 1)


async def test_what_came_before_a_connection_broke_is_heard_however_late() -> None:
    broken = [STREAM, b"3\r\none\r\n", b"3\r\ntwo\r\n", BREAK]
    heard: list[bytes] = []

    async def listen(answer: httpx2.Response) -> None:
        async for piece in answer.aiter_raw():
            heard.append(piece)  # noqa: PERF401 - what comes before the error counts

    async with (
        Server(broken).running() as server,
        open_client() as http,
        http.stream("GET", server.url) as answer,
    ):
        await server.closed.wait()
        await asyncio.sleep(0.05)  # the client's side has heard of it, too
        with pytest.raises(httpx2.ReadError):
            await listen(answer)

    assert b"".join(heard) == b"onetwo"


async def test_a_compressed_answer_stays_compressed() -> None:
    packed = gzip.compress(b"bomb")
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with (
        Server([head, packed]).running() as server,
        open_client() as http,
        http.stream("GET", server.url) as answer,
    ):
        assert b"".join([piece async for piece in answer.aiter_raw()]) == packed


async def test_an_answer_that_is_left_early_closes_its_connection() -> None:
    async with Server([STREAM + b"3\r\none\r\n"]).running() as server, open_client() as http:
        async with http.stream("GET", server.url) as answer:
            assert await anext(answer.aiter_raw()) == b"one"
        async with asyncio.timeout(PATIENCE_S):
            await server.closed.wait()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ([BREAK], httpx2.ReadError),
        ([b"nonsense\r\n\r\n"], httpx2.ReadError),
        ([STREAM + b"3\r\none\r\n", BREAK], httpx2.ReadError),
        ([STREAM + b"zz\r\n"], httpx2.ReadError),
        ([], httpx2.ReadTimeout),
        ([STREAM + b"3\r\none\r\n"], httpx2.ReadTimeout),
    ],
)
async def test_what_goes_wrong_is_told_in_httpx2s_words(
    answer: Sequence[bytes], error: type[Exception]
) -> None:
    timeout_s = 0.1 if error is httpx2.ReadTimeout else PATIENCE_S
    async with Server(answer).running() as server, open_client(timeout_s=timeout_s) as http:
        with pytest.raises(error):
            await http.get(server.url)


async def test_a_closed_port_cannot_be_connected_to(unused_tcp_port: int) -> None:
    async with open_client() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(f"http://127.0.0.1:{unused_tcp_port}/")


async def test_a_server_that_does_not_read_the_request_is_given_up() -> None:
    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    await _expect(deaf, httpx2.WriteTimeout, timeout_s=1, body=b"x" * 30_000_000)


async def test_a_server_that_does_not_speak_tls_is_no_connection() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.close()

    await _expect(plain, httpx2.ConnectError, scheme="https")


async def _expect(
    serve: Serve,
    error: type[Exception],
    *,
    scheme: str = "http",
    body: bytes = b"",
    timeout_s: float = PATIENCE_S,
) -> None:
    async with listening(serve) as url, open_client(timeout_s=timeout_s) as http:
        with pytest.raises(error):
            await http.post(url.replace("http", scheme, 1), content=body)
