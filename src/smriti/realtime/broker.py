"""The event log port: one log per turn, appended by the turn, followed by any number of readers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader gets: frames in order, the number of the last one, whether the log has ended.

    No frames and not ended: nothing happened in the time that the reader was willing to wait.
    """

    frames: Sequence[bytes]
    last: int
    ended: bool


class Behind(Exception):
    """The reader asks for frames that the bounded log no longer holds.

    `last` is the number of the newest of them, `text` what all of them said.
    """

    def __init__(self, last: int, text: str) -> None:
        super().__init__(f"Frames up to {last} are gone.")
        self.last = last
        self.text = text


class EventLog(Protocol):
    """Frames are numbered without gaps; the first is one more than what the log was opened at."""

    @property
    def last(self) -> int:
        """The number of the newest frame."""
        ...

    @property
    def ended(self) -> bool: ...

    def append(self, frame: bytes, *, text: str = "") -> None:
        """Add a frame; `text` is what it says. Never waits for readers."""
        ...

    def end(self, *, whole: bool = True) -> None:
        """Nothing will be appended any more. A log that is not whole is not found any more, either:
        what happens goes on elsewhere."""
        ...

    async def read(self, after: int, *, wait_s: float) -> Batch:
        """Frames after number `after`, some at a time, waiting for the first one. `Behind`."""
        ...


class EventLogs(Protocol):
    """The logs of turns that run, and of those that ended not long ago."""

    def open(self, name: str, *, at: int = 0) -> EventLog:
        """A new log under this name; its first frame has the number `at` + 1."""
        ...

    def find(self, name: str) -> EventLog | None: ...
