"""A character told as the persona of an agent: readable, always the same, never too long."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from smriti.agents.characters.models import Character, Dialog
from smriti.agents.models import MAX_PERSONA

_MAX_ENTRY: Final = 8_000
_BETWEEN_SECTIONS: Final = "\n\n"
_EXAMPLES: Final = (
    "Examples of how you talk. They show your manner; nobody has said this to you:\n\n"
)
_PLACEHOLDER: Final = re.compile(
    r"\{\{\s*(?:(agent|agentname|char|name)|(?:user|name)(\d*))\s*\}\}", re.IGNORECASE
)
_PERSONS: Final = {"user", "user1", "human"}
_AGENTS: Final = {"agent", "assistant", "character"}


@dataclass(frozen=True, slots=True)
class Persona:
    """The text, and the members of which it does not tell all, for want of room."""

    text: str
    cut: list[str]


def persona_of(character: Character) -> str:
    return composed(character).text


def composed(character: Character) -> Persona:
    """Of a long character, nothing takes more than half of the room before the rest had some."""
    sections = list(_sections(character))

    def room() -> int:
        return MAX_PERSONA + len(_BETWEEN_SECTIONS) - sum(len(each) for each in sections)

    system, *others = sorted(sections, key=lambda section: section.rank)
    system.tell(room())
    for share in (2, 1):
        for section in others:
            section.tell(room() // share)
    told = [section.text for section in sections if section.told]
    cut = [section.member for section in sections if section.told != section.entries]
    return Persona(_BETWEEN_SECTIONS.join(told) or f"You are {character.name}.", cut)


@dataclass(slots=True)
class _Section:
    """Entries under a heading; of those sections that have no room, `rank` tells which have it."""

    rank: int
    member: str
    heading: str
    entries: list[str]
    between: str = "\n- "
    longest: int = _MAX_ENTRY
    told: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.heading + self.between.join(self.told)

    def __len__(self) -> int:
        return len(self.text) + len(_BETWEEN_SECTIONS) if self.told else 0

    def tell(self, room: int) -> None:
        """Go on with as many entries as there is room for."""
        for entry in self.entries[len(self.told) :]:
            text = _cut(entry, self.longest)
            before = self.between if self.told else self.heading + _BETWEEN_SECTIONS
            room -= len(before) + len(text)
            if room < 0:
                return
            self.told.append(text)


def _sections(character: Character) -> Iterator[_Section]:
    """In the order in which they are read."""
    name, style = character.name, character.style

    def filled(entries: Iterable[str]) -> list[str]:
        return [_filled(entry, name) for entry in entries if entry.strip()]

    dialogs = [_told(dialog, name) for dialog in character.dialogs]
    system = filled([character.system])
    yield _Section(0, "system", "", system, longest=MAX_PERSONA)
    yield _Section(1, "bio", "Who you are:\n- ", filled(character.bio))
    yield _Section(6, "lore", "What is told about you:\n- ", filled(character.lore))
    yield _Section(3, "adjectives", "Your traits: ", filled(character.adjectives), ", ")
    yield _Section(4, "topics", "Your topics: ", filled(character.topics), ", ")
    yield _Section(2, "style", "How you write:\n- ", filled([*style.all, *style.chat]))
    yield _Section(7, "style.post", "How you write posts:\n- ", filled(style.post))
    yield _Section(5, "messageExamples", _EXAMPLES, dialogs, "\n\n")
    yield _Section(8, "postExamples", "Posts of yours:\n- ", filled(character.posts))


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    beginning = text[: longest - 1]
    return (beginning.rpartition(" ")[0] or beginning) + "…"


def _told(dialog: Dialog, name: str) -> str:
    return "\n".join(
        f"{_speaker(line.speaker, number, name)}: {_filled(line.text, name)}"
        for number, line in enumerate(dialog)
    )


def _speaker(given: str, number: int, name: str) -> str:
    known = given.strip().casefold()
    if known in _PERSONS or (not known and number % 2 == 0):
        return "User"
    if not known or known in _AGENTS:
        return name
    return _filled(given.strip(), name)


def _filled(text: str, name: str) -> str:
    """The text with names where `{{agentName}}`, `{{user1}}` and the like stand."""

    def named(found: re.Match[str]) -> str:
        if found[1]:
            return name
        return "User" if found[2] in {"", "1"} else f"User {found[2]}"

    return _PLACEHOLDER.sub(named, text)
