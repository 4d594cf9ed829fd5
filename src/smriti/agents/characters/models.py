"""A character as its file describes it, in all the forms that such files have had."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from smriti.agents.models import Name

SIGNS: Final = frozenset(
    {"bio", "lore", "adjectives", "topics", "messageExamples", "postExamples", "modelProvider"}
)
"""Members that a file has, one of them at least, when it describes a character."""


class Line(NamedTuple):
    """What somebody says in an example. Without names, a person and the agent take turns."""

    speaker: str
    text: str


type Dialog = Sequence[Line]


def _lines(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _style(value: object) -> object:
    return {"all": value} if isinstance(value, str | list) else value


def _dialogs(value: object) -> list[Dialog]:
    """Examples are lists of messages, such lists in an `examples`, or messages one by one."""
    dialogs: list[Dialog] = []
    loose: list[Line] = []
    for entry in value if isinstance(value, list) else []:
        match entry:
            case [*messages] | {"examples": [*messages]}:
                dialogs.append([line for message in messages for line in _said(message)])
            case {"response": str(answer)}:
                dialogs.append([*_said(entry), Line("", answer)])
            case _:
                loose += _said(entry)
    return [dialog for dialog in (*dialogs, loose) if dialog]


def _said(message: object) -> Iterator[Line]:
    match message:
        case str(text):
            yield Line("", text)
        case {"content": {"text": str(text)} | str(text), **about}:
            speaker = about.get("name", about.get("user"))
            yield Line(speaker if isinstance(speaker, str) else "", text)
        case _:
            return


type Lines = Annotated[list[str], BeforeValidator(_lines)]


class _Tolerant(BaseModel):
    """A null is as good as nothing."""

    @model_validator(mode="before")
    @classmethod
    def _nulls_are_absent(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if value is not None}


class Style(_Tolerant):
    all: Lines = []
    chat: Lines = []
    post: Lines = []


class Character(_Tolerant):
    """Who an agent shall be. Members that say nothing about that are not read."""

    name: Name
    system: str = ""
    bio: Lines = []
    lore: Lines = []
    adjectives: Lines = []
    topics: Lines = []
    style: Annotated[Style, BeforeValidator(_style)] = Style()
    dialogs: Annotated[list[Dialog], BeforeValidator(_dialogs)] = Field([], alias="messageExamples")
    posts: Lines = Field([], alias="postExamples")
    provider: str = Field("", alias="modelProvider")
    plugins: list[Any] = []
    settings: dict[str, Any] = {}
