"""Shortens one large message: a program of its own, so that nobody else waits for it.

JSON of 30 MB may take seconds to read. Only what a model could be shown is kept. Nothing but the
standard library is imported here: this starts for each large frame.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

RESULT_ROOM: Final = 64 * 1024
"""Characters of one result that are kept, roughly."""

_TOTAL_ROOM: Final = 512 * 1024
_MOST_TEXT: Final = 100_000  # more than the longest that is allowed: it must not pass as shorter
_MOST_DEPTH: Final = 30
_SCALAR: Final = 8  # characters of a number, or of what stands around others
_CUT: Final = "… (cut)"

type Json = Any


class Room:
    """What may still be kept."""

    def __init__(self, characters: int) -> None:
        self.left = characters

    def take(self, text: str) -> str:
        """The text, or its beginning: half of the room is for what comes after it."""
        kept = text[: max(self.left // 2, 0)]
        self.left -= len(kept) + _SCALAR
        return kept if len(kept) == len(text) else kept + _CUT

    def each[T](self, items: Iterable[T]) -> Iterator[T]:
        for item in items:
            if self.left <= 0:
                return
            yield item


def shorten(message: Json) -> Json:
    """The same message with shorter results, and only with members that are texts."""
    if not isinstance(message, dict):
        return None
    short: dict[str, Json] = {
        name: value[:_MOST_TEXT]
        for name, value in message.items()
        if isinstance(value, str) and len(name) <= _SCALAR * 4
    }
    results = message.get("action_results")
    if isinstance(results, list):
        room = min(RESULT_ROOM, _TOTAL_ROOM // max(len(results), 1))
        short["action_results"] = [_result(result, room) for result in results[:1001]]
    return short


def _result(result: Json, characters: int) -> Json:
    room = Room(characters)
    if not isinstance(result, dict):
        return None
    return {
        name: _value(result.get(name), room, _MOST_DEPTH)
        for name in ("status", "call_id", "error", "result")
    }


def _value(value: Json, room: Room, depth: int) -> Json:
    if isinstance(value, str):
        return room.take(value)
    room.left -= _SCALAR
    if isinstance(value, list | dict) and depth == 0:
        return _CUT
    if isinstance(value, list):
        short = [_value(item, room, depth - 1) for item in room.each(value)]
        return short if len(short) == len(value) else [*short, _CUT]
    if isinstance(value, dict):
        kept = {
            room.take(name): _value(item, room, depth - 1)
            for name, item in room.each(value.items())
        }
        return kept if len(kept) == len(value) else {**kept, _CUT: None}
    return value


def main() -> None:
    """From standard input to standard output; a message that is no JSON ends it with status 1."""
    try:
        message = json.loads(sys.stdin.buffer.read())
    except (ValueError, RecursionError):
        sys.exit(1)
    text = json.dumps(shorten(message), ensure_ascii=False)
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
