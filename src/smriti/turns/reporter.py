"""A turn's voice: numbers its events, puts them into the envelope and the log."""

from smriti.realtime.broker import EventLog
from smriti.realtime.sse import data_frame
from smriti.turns.envelope import envelope
from smriti.turns.events import TurnEvent


class Reporter:
    def __init__(self, log: EventLog, turn_id: str) -> None:
        self._log = log
        self._turn_id = turn_id
        self._seq = 0

    def say(self, event: TurnEvent) -> None:
        self._seq += 1
        self._log.append(data_frame(envelope(event, turn_id=self._turn_id, seq=self._seq)))

    def close(self, last: TurnEvent) -> None:
        """Say the last event. Nothing follows it."""
        self.say(last)
        self._log.end()
