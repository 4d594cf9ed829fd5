"""What the readers of all wire APIs do with the pieces that they collect."""

from typing import Any, Final

import orjson

from smriti.llm.provider import ProviderEvent, ReasoningChunk, TextChunk
from smriti.llm.providers.failures import StreamBroken

MAX_REPLY_CHARACTERS: Final = 4_000_000


class Meter:
    """Counts a reply's characters, so that an endless one does not fill the memory."""

    def __init__(self) -> None:
        self._characters = 0

    def counted(self, text: str) -> str:
        """The text itself. `TypeError` when it is none, `StreamBroken` when it is too much."""
        if not isinstance(text, str):
            raise TypeError(text)
        self._characters += len(text)
        if self._characters > MAX_REPLY_CHARACTERS:
            raise StreamBroken("sent more than a reply can hold.")
        return text


class Said(Meter):
    """What a reply says. Neighbouring pieces of text that arrive together become one event."""

    def __init__(self) -> None:
        super().__init__()
        self._events: list[ProviderEvent] = []
        self._kind: type[TextChunk | ReasoningChunk] = TextChunk
        self._pieces: list[str] = []

    def add(self, kind: type[TextChunk | ReasoningChunk], text: str) -> None:
        if kind is not self._kind:
            self._join()
            self._kind = kind
        self._pieces.append(self.counted(text))

    def event(self, event: ProviderEvent) -> None:
        self._join()
        self._events.append(event)

    def taken(self) -> list[ProviderEvent]:
        """What was added since it was last asked."""
        self._join()
        events, self._events = self._events, []
        return events

    def _join(self) -> None:
        if self._pieces:
            self._events.append(self._kind("".join(self._pieces)))
            self._pieces = []


def arguments_of(text: str) -> dict[str, Any] | None:
    """A tool call's arguments from their JSON; None when it is not an object."""
    try:
        value = orjson.loads(text)
        orjson.dumps(value)  # what is nested too deep to be written again would break its readers
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    if value is None:  # how some models spell "no arguments"
        return {}
    return value if isinstance(value, dict) else None


def count_of(value: object) -> int:
    """A number of tokens, 0 for what is none."""
    return max(value, 0) if isinstance(value, int) else 0
