"""The stub model of bench/ in a thread of the tests, remembering what it was asked."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import uvicorn

import stub_model
from tests.patience import PATIENCE_S


def is_for_title(request: dict[str, Any]) -> bool:
    return stub_model.text_of(request["messages"][-1]).startswith(stub_model.TITLE)


class StubModel(stub_model.StubModel):
    """`requests` are the chat completions that it was asked for, `url` is its base URL."""

    def __init__(self) -> None:
        super().__init__(stub_model.Manner(tokens=8), keeps=10_000)
        self.url = ""

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The requests that a person's message led to; titles are left out."""
        return [request for request in self.requests if not is_for_title(request)]

    def until_asked(self, words: str, times: int) -> None:
        """Waits until so many questions held these words, and a moment more: then it answers."""
        deadline = time.monotonic() + PATIENCE_S
        is_asked = False
        while not is_asked:
            assert time.monotonic() < deadline, f"{words!r} was not asked {times} times."
            is_asked = sum(words in str(each["messages"][-1]) for each in self.questions) >= times
            time.sleep(0.2 if is_asked else 0.02)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve on a free loopback port, in a thread of its own."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            options = uvicorn.Config(
                self, lifespan="off", log_config=None, timeout_graceful_shutdown=1
            )
            server = uvicorn.Server(options)
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                yield self
            finally:
                server.should_exit = True
                thread.join()
