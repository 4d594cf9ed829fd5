"""Which format a file is of: told by its shape, never by its name.

A format is a module of `formats/` that is named here: its NAME for people, `recognises`, `read`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Final

from smriti.core.errors import Invalid
from smriti.transfer.formats import character, smriti
from smriti.transfer.models import Piece
from smriti.transfer.reader import MAX_SKIPPED, JsonReader

type Outline = Mapping[str, object]
"""The topmost members of a file: what is a text, a number, … itself; None for lists and objects."""


@dataclass(frozen=True, slots=True)
class Format:
    """`recognises` is asked again after each member, and sees those until then."""

    name: str
    recognises: Callable[[Outline], bool]
    read: Callable[[JsonReader, Outline], Iterator[Piece]]


FORMATS: Final = (
    Format(smriti.NAME, smriti.recognises, smriti.read),
    Format(character.NAME, character.recognises, character.read),
)


class UnknownFormat(Invalid):
    slug = "import-format-unknown"

    def __init__(self) -> None:
        known = "; ".join(known.name for known in FORMATS)
        super().__init__(
            f"Nobody here knows this kind of file. Known are: {known}.",
            errors=[{"type": "import_file", "loc": ["body"], "msg": "of an unknown format"}],
        )


def pieces_of(file: IO[bytes]) -> Iterator[Piece]:
    """The pieces of a file, from its beginning. `UnknownFormat`, `ImportFileInvalid`.

    Blocks: to be used in a thread.
    """
    file.seek(0)
    outline, known = _recognised(JsonReader(file))
    file.seek(0)
    reader = JsonReader(file)
    yield from known.read(reader, outline)
    reader.end()


def _recognised(reader: JsonReader) -> tuple[Outline, Format]:
    outline: dict[str, object] = {}
    for name in reader.members():
        nested = reader.peek() in {"{", "["}
        outline[name] = None if nested else reader.value(MAX_SKIPPED)
        found = next((known for known in FORMATS if known.recognises(outline)), None)
        if found is not None:
            return outline, found
        if nested:
            reader.skip()
    raise UnknownFormat
