"""Our own files: one agent (`smriti-agent`), or an account with all of them (`smriti-account`)."""

from collections.abc import Iterator, Mapping
from typing import Final

from smriti.transfer.models import (
    VERSION,
    FileAgent,
    FileBlock,
    FileConversation,
    FileMessage,
    FilePassage,
    Nobody,
    Piece,
)
from smriti.transfer.reader import JsonReader

NAME: Final = 'Smriti ("format": "smriti-agent" or "smriti-account")'

type Kind = type[FileAgent | FileBlock | FilePassage | FileMessage]

_MIB: Final = 1024 * 1024
_SMALL: Final = 256 * 1024
_MAX_CHARACTERS: Final[Mapping[Kind, int]] = {
    FileAgent: _MIB,
    FileBlock: 32 * _MIB,  # with a hundred versions of 128 KB
    FilePassage: 2 * _MIB,  # six characters may stand for one
    FileMessage: 32 * _MIB,  # with pictures of 6 MiB
}


def recognises(outline: Mapping[str, object]) -> bool:
    return outline.get("format") in {"smriti-agent", "smriti-account"}


def read(reader: JsonReader, outline: Mapping[str, object]) -> Iterator[Piece]:
    """The pieces of a file. `ImportFileInvalid`."""
    if outline.get("format") == "smriti-account":
        yield from _account(reader)
    else:
        yield from _agent(reader)


def _account(reader: JsonReader) -> Iterator[Piece]:
    versioned = False
    for name in reader.members():
        match name:
            case "version":
                _check_version(reader)
                versioned = True
            case "agents":
                for _ in reader.entries():
                    yield from _agent(reader)
            case "conversations":
                yield Piece(reader.place, Nobody())
                yield from _conversations(reader)
            case _:
                reader.skip()
    _check_complete(reader, version=versioned)


def _agent(reader: JsonReader) -> Iterator[Piece]:
    seen: set[str] = set()
    for name in reader.members():
        if name in seen:
            raise reader.fault("stands there twice")
        seen.add(name)
        if name in {"memory", "conversations"} and "agent" not in seen:
            raise reader.fault('must come after "agent"')
        match name:
            case "version":
                _check_version(reader)
            case "agent":
                yield _piece(reader, FileAgent)
            case "memory":
                yield from _memory(reader)
            case "conversations":
                yield from _conversations(reader)
            case _:
                reader.skip()
    _check_complete(reader, version="version" in seen, agent="agent" in seen)


def _memory(reader: JsonReader) -> Iterator[Piece]:
    kinds: dict[str, Kind] = {"blocks": FileBlock, "archive": FilePassage}
    for name in reader.members():
        if name not in kinds:
            reader.skip()
            continue
        for _ in reader.entries():
            yield _piece(reader, kinds[name])


def _conversations(reader: JsonReader) -> Iterator[Piece]:
    for _ in reader.entries():
        place = reader.place
        about: dict[str, object] = {}
        begun = False
        for name in reader.members():
            if name == "messages" and not begun:
                begun = True
                yield _conversation(reader, place, about)
                for _ in reader.entries():
                    yield _piece(reader, FileMessage)
            elif begun:
                raise reader.fault('must come before "messages"')
            elif name in FileConversation.model_fields:
                about[name] = reader.value(_SMALL)
            else:
                reader.skip()
        if not begun:
            yield _conversation(reader, place, about)


def _conversation(
    reader: JsonReader, place: tuple[str | int, ...], about: dict[str, object]
) -> Piece:
    return Piece(place, reader.checked(FileConversation, about, place))


def _piece(reader: JsonReader, kind: Kind) -> Piece:
    place = reader.place
    value = reader.checked(kind, reader.value(_MAX_CHARACTERS[kind]), place)
    return Piece(place, value)


def _check_version(reader: JsonReader) -> None:
    version = reader.value(_SMALL)
    if type(version) is not int or version < 1:
        raise reader.fault("must be a number from 1")
    if version > VERSION:
        raise reader.fault(
            f"the file is of version {version}, which a newer Smriti has written; this one reads "
            f"up to version {VERSION}. Update this server first"
        )


def _check_complete(reader: JsonReader, **has: bool) -> None:
    for name, found in has.items():
        if not found:
            raise reader.fault(f"lacks {name!r}")
