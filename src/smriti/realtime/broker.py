"""The event log port: one log per turn, appended by the turn, followed by any number of readers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader gets: frames in order, the position after them, and whether the log has ended.

    No frames and not ended: nothing happened in the time that the reader was willing to wait.
    """

    frames: Sequence[bytes]
    position: int
    ended: bool


class Behind(Exception):
    """The reader asks for frames that the bounded log no longer holds."""


class EventLog(Protocol):
    def append(self, frame: bytes) -> None:
        """Add a frame. Never waits for readers."""
        ...

    def end(self) -> None:
        """Nothing will be appended any more."""
        ...

    async def read(self, position: int, *, wait_s: float) -> Batch:
        """Every frame after `position` that is there, waiting for the first one. `Behind`."""
        ...


type OpenLog = Callable[[], EventLog]
"""Makes the empty log of a turn that begins."""
