"""A turn's voice: numbers its events, puts them into the envelope and the log."""

import asyncio

from smriti.realtime.broker import EventLog
from smriti.realtime.sse import data_frame
from smriti.turns.envelope import envelope
from smriti.turns.events import TextDelta, TurnEvent, TurnFailed, TurnFinished


class Reporter:
    """Pieces of text that come within one tick of the event loop are told as one."""

    def __init__(self, log: EventLog, turn_id: str) -> None:
        self._log = log
        self._turn_id = turn_id
        self._pieces: list[str] = []
        self._told_the_end = False

    def last_seq(self) -> int:
        """The number of the newest event."""
        self.flush()
        return self._log.last

    def say(self, event: TurnEvent) -> None:
        if not isinstance(event, TextDelta):
            self.flush()
            self._tell(event)
            return
        if not self._pieces:
            asyncio.get_running_loop().call_soon(self.flush)
        self._pieces.append(event.text)

    def close(self, last: TurnEvent | None) -> None:
        """Say the last event, after which nothing follows. None: it was said, or another process
        goes on."""
        if last is not None:
            self.say(last)
        self.flush()
        self._log.end(whole=self._told_the_end)

    def flush(self) -> None:
        """Tell now what was said so far."""
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._tell(TextDelta.model_construct(text=text))

    def _tell(self, event: TurnEvent) -> None:
        self._told_the_end = isinstance(event, TurnFinished | TurnFailed)
        frame = data_frame(envelope(event, turn_id=self._turn_id, seq=self._log.last + 1))
        self._log.append(frame, text=event.text if isinstance(event, TextDelta) else "")
