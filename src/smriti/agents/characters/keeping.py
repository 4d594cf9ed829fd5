"""What is kept of a character file: all of it that is no secret, within a size."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from smriti.agents.characters.models import SIGNS, Character
from smriti.agents.characters.persona import persona_of
from smriti.agents.models import Agent

MAX_BYTES: Final = 256 * 1024
"""As JSON: an item of the table holds 400 KB."""

TELLING: Final = SIGNS - {"modelProvider"} | {"system", "style"}
"""Members of which a persona is made."""

_SECRET_NAME: Final = re.compile(
    r"secret|passw|passphrase|credential|mnemonic|(?:key|token|cookies?|pass|auth)$", re.IGNORECASE
)
_SECRET_ADDRESS: Final = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file without its secrets, and without what makes it too large; where those stood in it."""

    document: dict[str, Any]
    secrets: list[str]
    too_large: list[str]


def kept_of(document: Mapping[str, Any]) -> Kept:
    """Of the file of a character."""
    secrets: list[str] = []
    told = {name: value for name, value in document.items() if name in TELLING}
    others = {name: value for name, value in document.items() if name not in TELLING}
    public = {**_public(others, "", secrets), **told, "name": document["name"].strip()}
    sizes = {name: len(orjson.dumps({name: value})) for name, value in public.items()}
    size, too_large = sum(sizes.values()), []
    for name in sorted(sizes.keys() - {"name"}, key=lambda name: (-sizes[name], name)):
        if size <= MAX_BYTES:
            break
        too_large.append(name)
        size -= sizes[name]
        del public[name]
    return Kept(public, secrets, too_large)


def described(agent: Agent, kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """An agent as a character: as its file had it, unless its persona has become another one."""
    if kept is not None and persona_of(Character.model_validate(kept)) == agent.agent_persona:
        return {**kept, "name": agent.agent_name}
    rest = {name: value for name, value in (kept or {}).items() if name not in TELLING}
    return {**rest, "name": agent.agent_name, "system": agent.agent_persona, "bio": []}


def _public(value: Mapping[str, Any], place: str, secrets: list[str]) -> dict[str, Any]:
    public = {}
    for name, inner in value.items():
        if _is_secret(name, inner):
            secrets.append(place + name)
        else:
            public[name] = _without(inner, place + name, secrets)
    return public


def _without(value: object, place: str, secrets: list[str]) -> object:
    match value:
        case dict():
            return _public(value, f"{place}.", secrets)
        case list():
            return [_without(inner, f"{place}[{at}]", secrets) for at, inner in enumerate(value)]
        case _:
            return value


def _is_secret(name: str, value: object) -> bool:
    named = isinstance(value, str | dict | list) and value and _SECRET_NAME.search(name)
    return bool(named or (isinstance(value, str) and _SECRET_ADDRESS.search(value)))
