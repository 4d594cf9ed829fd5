"""A JSON document out of a file, value by value: of a large one, little is in memory at a time."""

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import IO, Any, Final

import orjson
from pydantic import BaseModel, ValidationError

from smriti.core.errors import Invalid

_CHUNK: Final = 64 * 1024
_MAX_NAME: Final = 1_000
_MAX_CONTAINERS: Final = 1_000_000
"""In one value: an object takes a hundred times the room of its two characters."""
_DEEP: Final = 3
_NUMBER: Final = re.compile(r"[0-9.eE+-]*")
_BLANKS: Final = re.compile(r"[ \t\n\r]*")

MAX_SKIPPED: Final = 16 * 1024 * 1024
"""Characters of a value that nobody wants, below the topmost levels."""


class ImportFileInvalid(Invalid):
    """The file cannot be imported; says where in it is what is wrong."""

    slug = "import-file-invalid"

    def __init__(self, place: tuple[str | int, ...], message: str) -> None:
        error = {"type": "import_file", "loc": ["body", *map(_shown, place)], "msg": message}
        super().__init__(f"{_path(place)}: {message}", errors=[error])


class JsonReader:
    """Reads one JSON document from the front to the end. `ImportFileInvalid` when it is none.

    Who asks for members or entries must read or skip each value before asking for the next.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._ended = False
        self._place: list[str | int] = []

    @property
    def place(self) -> tuple[str | int, ...]:
        """Where in the document the reader is: names of members, and positions in lists."""
        return tuple(self._place)

    def fault(self, message: str) -> ImportFileInvalid:
        return ImportFileInvalid(self.place, message)

    def peek(self) -> str:
        """The next character that is no blank: "{", "[", a quote, …; empty at the end."""
        while True:
            blanks = _BLANKS.match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def members(self) -> Iterator[str]:
        """The names of an object's members."""
        self._expect("{", "must be an object")
        if self._took("}"):
            return
        while True:
            if self.peek() != '"':
                raise self.fault("is cut off, or is not JSON")
            name = str(self.value(_MAX_NAME))
            self._expect(":", "is cut off, or is not JSON")
            self._place.append(name)
            yield name
            self._place.pop()
            if self._took("}"):
                return
            self._expect(",", "is cut off, or is not JSON")

    def entries(self) -> Iterator[int]:
        """The positions of a list's entries."""
        self._expect("[", "must be a list")
        if self._took("]"):
            return
        position = 0
        while True:
            self._place.append(position)
            yield position
            self._place.pop()
            if self._took("]"):
                return
            self._expect(",", "is cut off, or is not JSON")
            position += 1

    def value(self, most: int) -> Any:
        """The next value, which may have so many characters, built whole."""
        self.peek()
        while True:
            room = len(self._text) - self._at
            self._check_room(room)
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:  # or it goes on behind what was read so far
                if room <= most and self._more(max(_CHUNK, room)):
                    continue
                raise self.fault(_complaint(room, most)) from error
            except (ValueError, RecursionError) as error:
                raise self.fault("holds a number, or lists in lists, that no file may have") from (
                    error
                )
            if _NUMBER.fullmatch(self._text, end) and self._more():  # it may have more digits
                continue
            self._check(value, end, most)
            self._at = end
            return value

    def checked[M: BaseModel](
        self, kind: type[M], value: object, place: tuple[str | int, ...]
    ) -> M:
        """A value that was read at this place, as one of `kind`."""
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            raise ImportFileInvalid((*place, *fault["loc"]), fault["msg"]) from error

    def skip(self) -> None:
        """Pass over the next value."""
        kind = self.peek()
        if len(self._place) >= _DEEP or kind not in "{[":
            self.value(MAX_SKIPPED)
            return
        for _ in self.members() if kind == "{" else self.entries():
            self.skip()

    def end(self) -> None:
        """Nothing may follow."""
        if self.peek():
            raise self.fault("there is something behind its end")

    def _check_room(self, room: int) -> None:
        if room <= _MAX_CONTAINERS:
            return
        opened = self._text.count("{", self._at) + self._text.count("[", self._at)
        if opened > _MAX_CONTAINERS:
            raise self.fault(f"has more than {_MAX_CONTAINERS} lists and objects")

    def _check(self, value: Any, end: int, most: int) -> None:
        if end - self._at > most:
            raise self.fault(f"has more than {most} characters")
        try:
            orjson.dumps(value)
        except TypeError as error:
            raise self.fault(
                "holds half of a character, a number of more than 64 bits, or too many levels"
            ) from error

    def _took(self, character: str) -> bool:
        if self.peek() != character:
            return False
        self._at += 1
        return True

    def _expect(self, character: str, otherwise: str) -> None:
        if not self._took(character):
            raise self.fault(otherwise)

    def _more(self, size: int = _CHUNK) -> bool:
        """Read on; False at the end."""
        if self._ended:
            return False
        chunk = self._file.read(size)
        self._ended = not chunk
        try:
            text = self._decoder.decode(chunk, final=self._ended)
        except UnicodeDecodeError as error:
            raise self.fault("is not UTF-8") from error
        self._text = self._text[self._at :] + text
        self._at = 0
        return True


def _complaint(room: int, most: int) -> str:
    return "is cut off, or is not JSON" if room <= most else f"has more than {most} characters"


def _no_number(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def _path(place: tuple[str | int, ...]) -> str:
    """`conversations[2].messages[17].content`; of a long name, the beginning."""
    path = ""
    for step in map(_shown, place):
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path or "The file"


def _shown(step: str | int) -> str | int:
    return step if isinstance(step, int) else step[:80]
