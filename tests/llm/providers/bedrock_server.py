"""Bedrock at the other ends of socket pairs: real HTTP and real event frames, without a port."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from struct import pack
from types import TracebackType
from typing import Any, Self
from zlib import crc32

import orjson
from urllib3.connection import HTTPConnection

from smriti.llm.provider import Credentials, ProviderEvent
from smriti.llm.providers.bedrock import BedrockProvider
from smriti.llm.types import ChatMessage, ModelRequest, TextPart
from tests.patience import PATIENCE_S

KEY_ID, SECRET, SESSION = "AKIAEXAMPLE12345", "wJalrXUtnFEMI/K7MDENG", "FwoGZXIvYXdzEBYa"
CREDENTIALS = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "region": "us-east-1"}

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
REQUEST = ModelRequest(
    model=MODEL,
    system="Be kind.",
    messages=(ChatMessage(role="user", parts=(TextPart(text="Hi"),)),),
)

type Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def frame(kind: str, payload: object, *, message: str = "event") -> bytes:
    """One message of application/vnd.amazon.eventstream."""
    headers = b"".join(
        pack("!B", len(name)) + name.encode() + pack("!BH", 7, len(value)) + value.encode()
        for name, value in (
            (f":{message}-type", kind),
            (":content-type", "application/json"),
            (":message-type", message),
        )
    )
    body = orjson.dumps(payload)
    prelude = pack("!II", 16 + len(headers) + len(body), len(headers))
    prelude += pack("!I", crc32(prelude))
    return prelude + headers + body + pack("!I", crc32(prelude + headers + body))


def start(index: int, call_id: str, name: str) -> bytes:
    tool = {"toolUse": {"toolUseId": call_id, "name": name}}
    return frame("contentBlockStart", {"contentBlockIndex": index, "start": tool})


def delta(index: int, **piece: object) -> bytes:
    return frame("contentBlockDelta", {"contentBlockIndex": index, "delta": piece, "p": "abcd"})


def stop(index: int) -> bytes:
    return frame("contentBlockStop", {"contentBlockIndex": index})


def ended(reason: str = "end_turn", **usage: int) -> bytes:
    counted = {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7} | usage
    told = {"usage": counted, "metrics": {"latencyMs": 9}, "p": "ab"}
    return frame("messageStop", {"stopReason": reason}) + frame("metadata", told)


BEGIN = frame("messageStart", {"role": "assistant"})
HELLO = BEGIN + delta(0, text="Hello") + stop(0) + ended()


async def complete(writer: asyncio.StreamWriter) -> None:
    writer.write(b"0\r\n\r\n")


async def silence(_: asyncio.StreamWriter) -> None:
    """Nothing more, and the connection stays open."""


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


def streamed(*pieces: bytes, then: Answer = complete, last: bool = False) -> Answer:
    """A reply in chunks that end where the pieces do, perhaps the last of its connection."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n"
            b"transfer-encoding: chunked\r\n"
        )
        writer.write(b"connection: close\r\n\r\n" if last else b"\r\n")
        for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        await then(writer)

    return answer


def document(status: int, body: object, **headers: str) -> Answer:
    """A JSON answer; header names are written with _ for -."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        content = orjson.dumps(body)
        lines = [f"HTTP/1.1 {status} Told", f"content-length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)

    return answer


def refusal(status: int, code: str, message: str = "", **headers: str) -> Answer:
    return document(status, {"message": message}, x_amzn_errortype=f"{code}:http://x/", **headers)


@dataclass(frozen=True)
class Request:
    host: str
    line: str
    headers: dict[str, str]
    body: Any


class CountingThreads(ThreadPoolExecutor):
    """Threads that count what they are asked to do."""

    calls = 0

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self.calls += 1
        return super().submit(fn, *args, **kwargs)


class WatchedSocket(socket.socket):
    """Says when a thread waits for what comes."""

    waiting: threading.Event

    def recv_into(self, *args: Any) -> int:
        self.waiting.set()
        return super().recv_into(*args)


class Server:
    """Answers one request after the other, from its script."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self._serving: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._providers: list[BedrockProvider] = []
        self.threads = CountingThreads(4)
        self.requests: list[Request] = []
        self.connections = 0
        self.waiting = threading.Event()
        self.left = asyncio.Event()

    def provider(
        self, credentials: Credentials = CREDENTIALS, *, silence_s: float = 10
    ) -> BedrockProvider:
        self._providers.append(
            BedrockProvider(
                credentials, self.threads, silence_s=silence_s, open_connection=self.open_connection
            )
        )
        return self._providers[-1]

    def open_connection(self, host: str) -> HTTPConnection:
        ours, theirs = socket.socketpair()
        connection = HTTPConnection(host)
        connection.sock = watched = WatchedSocket(fileno=ours.detach())
        watched.waiting = self.waiting
        self.connections += 1
        self._serving.append(asyncio.create_task(self._serve(host, theirs)))
        return connection

    async def _serve(self, host: str, theirs: socket.socket) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=theirs)
        self._writers.append(writer)
        try:
            while head := await _head(reader):
                self.requests.append(await _request(host, head, reader))
                await self._answers.pop(0)(writer)
        except ConnectionError:
            pass  # the client left while it was answered
        finally:
            writer.close()
            self.left.set()

    def drop(self) -> None:
        """Leave every client that waits for nothing."""
        for writer in self._writers:
            writer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Waits for the threads: one that were left waiting would let the test time out."""
        for provider in self._providers:
            await provider.close()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.to_thread(self.threads.shutdown)
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)


async def reply(provider: BedrockProvider, request: ModelRequest = REQUEST) -> list[ProviderEvent]:
    return [event async for event in provider.stream(request)]


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return ""


async def _request(host: str, head: str, reader: asyncio.StreamReader) -> Request:
    line, *fields = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(host, line, headers, orjson.loads(body) if body else None)
