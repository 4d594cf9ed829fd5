"""Pieces of a file in handfuls: as many of one kind as are worth a trip to the store."""

from collections.abc import Iterator, Mapping
from typing import Final

from smriti.transfer.models import FileBlock, FileMessage, FilePassage, Piece, Value

_MOST: Final[Mapping[type, int]] = {FilePassage: 500, FileMessage: 100, FileBlock: 10}
_MOST_CHARACTERS: Final = 4 * 1024 * 1024


class Batches:
    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._next = next(pieces, None)

    def take(self) -> list[Value]:
        """The next values, all of one kind; none at the end.

        Messages are cut before a question, so that its answer comes with it.
        """
        taken: list[Value] = []
        size = 0
        while self._next is not None:
            value = self._next.value
            if taken and not self._goes_with(taken, size, value):
                break
            taken.append(value)
            size += _size(value)
            self._next = next(self._pieces, None)
        return taken

    def _goes_with(self, taken: list[Value], size: int, value: Value) -> bool:
        kind = type(taken[0])
        most = _MOST.get(kind, 1)
        if type(value) is not kind or len(taken) >= 2 * most:
            return False
        full = len(taken) >= most or size >= _MOST_CHARACTERS
        return not full or (isinstance(value, FileMessage) and value.role != "user")


def _size(value: Value) -> int:
    match value:
        case FilePassage():
            return len(value.content)
        case FileMessage():
            return len(value.content) + sum(len(file.content) for file in value.attachments)
        case FileBlock():
            return sum(len(line) for version in (value, *value.history) for line in version.lines)
        case _:
            return 0
