"""Characters of ElizaOS: who an agent is, and what it knows, without what it has learnt."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from smriti.agents.characters.definition import agent_of, provider_of
from smriti.agents.characters.keeping import TELLING, Kept, kept_of
from smriti.agents.characters.models import SIGNS, Character
from smriti.agents.characters.persona import composed
from smriti.agents.models import MAX_PERSONA
from smriti.memory.archive.models import MAX_CHARACTERS
from smriti.memory.models import VISIBLE
from smriti.transfer.models import KNOWLEDGE, FileAgent, FilePassage, Piece
from smriti.transfer.reader import MAX_SKIPPED, JsonReader

NAME: Final = 'characters of ElizaOS ("name", and "bio" or "lore" or the like)'

_USED: Final = TELLING | {"name", "knowledge", "modelProvider", "secrets", "settings"}
_MAX_NAMED: Final = 20


def recognises(outline: Mapping[str, object]) -> bool:
    return isinstance(outline.get("name"), str) and not SIGNS.isdisjoint(outline)


def read(reader: JsonReader, _outline: Mapping[str, object]) -> Iterator[Piece]:
    """The pieces of a file. `ImportFileInvalid`."""
    document = reader.value(MAX_SKIPPED)
    character = reader.checked(Character, document, ())
    knowledge = document.get("knowledge") or []
    entries = knowledge if isinstance(knowledge, list) else [knowledge]
    document["knowledge"] = [entry for entry in entries if not isinstance(entry, str)]
    kept = kept_of(document)
    agent = FileAgent(**agent_of(character).model_dump(), character=kept.document)
    notes = [f"Agent {character.name!r}: {note}" for note in _notes(character, kept)]
    yield Piece((), agent, notes)
    for position, entry in enumerate(entries):
        place = "knowledge", position
        for text in passages_of(entry):
            passage = {"content": text, "tags": [KNOWLEDGE]}
            yield Piece(place, reader.checked(FilePassage, passage, place))


def _notes(character: Character, kept: Kept) -> Iterator[str]:
    if cut := composed(character).cut:
        yield f"a persona has {MAX_PERSONA} characters at most. It lacks some of: {_listed(cut)}."
    if provider_of(character) is None:
        yield "it names no provider; it is 'Demo' now. Choose a provider and a model."
    if files := kept.document.get("knowledge"):
        yield f"knowledge in other files did not come with it: {len(files)}."
    if idle := [name for name, value in kept.document.items() if value and name not in _USED]:
        yield f"kept for an export, but of no effect here: {_listed(idle)}."
    if kept.secrets:
        yield f"secrets are not kept: {_listed(kept.secrets)}."
    if kept.too_large:
        yield f"too large to be kept for an export: {_listed(kept.too_large)}."


def passages_of(knowledge: object) -> Iterator[str]:
    """A text, in pieces that fit the archive; none of anything else."""
    text = knowledge if isinstance(knowledge, str) else ""
    for start in range(0, len(text), MAX_CHARACTERS):
        piece = text[start : start + MAX_CHARACTERS]
        if re.search(VISIBLE, piece):
            yield piece


def _listed(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > _MAX_NAMED else []
    return ", ".join([*(name[:80] for name in names[:_MAX_NAMED]), *more])
