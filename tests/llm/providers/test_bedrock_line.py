"""Lines that are cut, and how long idle ones are kept."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import pytest
from botocore.awsrequest import AWSPreparedRequest
from urllib3.connection import HTTPConnection

from smriti.llm.providers.bedrock_line import IDLE_S, MAX_IDLE, Line, LineCut, Lines


class FakeLine(Line):
    """A line without a network."""

    def __init__(self) -> None:
        super().__init__(HTTPConnection("bedrock.example"), silence_s=1)
        self.closed = False

    @property
    def reusable(self) -> bool:
        return not self.closed

    def close(self) -> None:
        self.closed = True


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_an_old_line_is_closed_and_a_young_one_used_again() -> None:
    clock = Clock()
    with ThreadPoolExecutor(1) as threads:
        lines = Lines(FakeLine, threads, clock=clock)
        async with lines.used() as first:
            pass
        clock.now_s += IDLE_S - 1
        async with lines.used() as second:
            pass
        clock.now_s += IDLE_S
        async with lines.used() as third:
            pass

    assert first is second
    assert third is not first
    assert isinstance(first, FakeLine)
    assert first.closed


async def test_the_number_of_idle_lines_is_bounded() -> None:
    made: list[FakeLine] = []

    def open_line() -> Line:
        made.append(FakeLine())
        return made[-1]

    with ThreadPoolExecutor(1) as threads:
        lines = Lines(open_line, threads)
        async with AsyncExitStack() as stack:
            for _ in range(MAX_IDLE + 2):
                await stack.enter_async_context(lines.used())

    assert [line.closed for line in made] == [True] * 2 + [False] * MAX_IDLE
    lines.close()
    assert all(line.closed for line in made)


class CutWhileConnecting(HTTPConnection):
    """Connects to one end of a socket pair, after its line was cut."""

    line: Line
    other: socket.socket

    def connect(self) -> None:
        self.line.cut()
        self.sock, self.other = socket.socketpair()


def test_a_line_that_was_cut_while_it_connected_sends_nothing() -> None:
    connection = CutWhileConnecting("bedrock.example")
    connection.line = Line(connection, silence_s=1)

    with pytest.raises(LineCut):
        connection.line.send(
            AWSPreparedRequest("GET", "https://bedrock.example/", {}, None, stream_output=False)
        )

    assert connection.other.recv(1) == b""
    connection.other.close()
