"""What a file of an agent holds, piece by piece, and what an import answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from smriti.agents.characters.keeping import kept_of
from smriti.agents.characters.models import Character
from smriti.agents.models import AgentCreate
from smriti.conversations.models import Description, Title
from smriti.core.clock import EPOCH, Id, Moment, utc_now
from smriti.llm.types import Part
from smriti.memory.archive.models import ArchivalMemoryImport
from smriti.memory.blocks.models import MAX_LINES, WORD_LIMIT
from smriti.memory.blocks.repository import VERSIONS_KEPT
from smriti.memory.models import clean_line
from smriti.messages.models import AttachmentUpload, MessageCreate, Role, Status

VERSION: Final = 1
"""Of our own format."""

OWNER: Final = "owner"
"""Stands in a file for the e-mail of whoever it belongs to."""

KNOWLEDGE: Final = "knowledge"
"""The tag of passages that are what a character knows, and not what was learnt."""

_DATES: Final = {"created_at", "updated_at"}
_EARLY: Final = timedelta(days=1)
"""What another server's clock may be fast by."""


def _past(moment: datetime) -> datetime:
    """A time that an id can tell."""
    if not EPOCH <= moment <= utc_now() + _EARLY:
        raise ValueError("must lie between 1970-01-01 and now")
    return moment


def _character(document: dict[str, Any]) -> dict[str, Any]:
    try:
        Character.model_validate(document)
    except ValidationError as error:
        raise ValueError("must be the file of a character") from error
    return kept_of(document).document


type PastMoment = Annotated[Moment, AfterValidator(_past)]
type StoredLine = Annotated[str, AfterValidator(clean_line)]
type Word = Annotated[str, Field(max_length=254)]
type VersionNumber = Annotated[int, Field(ge=0, lt=10**10, strict=True)]


class FileAgent(AgentCreate):
    """A definition, what is kept of the file of the character that it was, and members that mean
    nothing here."""

    model_config = ConfigDict(extra="allow")

    character: Annotated[dict[str, Any], AfterValidator(_character)] | None = None

    @property
    def definition(self) -> AgentCreate:
        return AgentCreate(**self.model_dump(include=set(AgentCreate.model_fields)))

    @property
    def ignored(self) -> list[str]:
        """The names of members that nobody here knows."""
        return sorted((self.model_extra or {}).keys() - _DATES)


class FileVersion(BaseModel):
    """What a block held at one time. `updated_by` is `agent`, `owner`, or somebody else."""

    version: VersionNumber = 0
    lines: Annotated[list[StoredLine], Field(max_length=MAX_LINES)]
    updated_at: Moment | None = None
    updated_by: Word | None = None
    reason: Annotated[str, Field(max_length=1000)] | None = None


class FileBlock(FileVersion):
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=50)]
    description: Annotated[str, AfterValidator(clean_line), Field(max_length=200)] = ""
    word_limit: Annotated[int, Field(ge=1, le=50_000)] = WORD_LIMIT
    created_at: Moment | None = None
    history: Annotated[list[FileVersion], Field(max_length=VERSIONS_KEPT)] = Field(
        default_factory=list
    )

    @model_validator(mode="after")
    def _history_is_of_earlier_versions(self) -> Self:
        versions = {past.version for past in self.history}
        if len(versions) < len(self.history) or max(versions, default=-1) >= self.version > 0:
            raise ValueError("the versions in its history must differ, and be earlier ones")
        if versions and self.version == 0:
            raise ValueError("a block at version 0 has no history")
        return self


class FilePassage(ArchivalMemoryImport):
    """A passage of the archive. Its `conversation_id` may be that of a conversation in the file."""


class FileConversation(BaseModel):
    """A conversation without its messages."""

    conversation_id: Id | None = None
    title: Title | None = None
    description: Description | None = None
    created_at: PastMoment | None = None


class FileMessage(BaseModel):
    """A message. `active` is false for what a retry or an edit has left behind."""

    role: Role
    content: str = ""
    created_at: PastMoment
    status: Status = "complete"
    parts: list[Part] = Field(default_factory=list)
    attachments: list[AttachmentUpload] = Field(default_factory=list)
    active: bool = True

    @model_validator(mode="after")
    def _attachments_are_not_too_large(self) -> Self:
        MessageCreate(content="", attachments=self.attachments)
        return self


@dataclass(frozen=True, slots=True)
class Nobody:
    """In the place of an agent: what follows belongs to agents that are gone."""


type Value = FileAgent | Nobody | FileBlock | FilePassage | FileConversation | FileMessage


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing out of a file, where in it that stands, and what must be said about it.

    They come in this order: an agent, its blocks and passages, its conversations, each before its
    messages, which are told oldest first; then the next agent.
    """

    place: tuple[str | int, ...]
    value: Value
    notes: Sequence[str] = ()


class ImportedAgent(BaseModel):
    """An agent that was made, and how much of each it got.

    Passages are counted as they stand in the file; a text that stands there twice is kept once.
    """

    agent_id: str
    agent_name: str
    blocks: int = 0
    memories: int = 0
    conversations: int = 0
    messages: int = 0


class Imported(BaseModel):
    """What an import made. `agent_id` and `agent_name` are those of the first agent, if any; the
    numbers are of all of them."""

    agent_id: str | None
    agent_name: str | None
    blocks: int
    memories: int
    conversations: int
    messages: int
    agents: list[ImportedAgent]
    warnings: list[str] = Field(description="What was left out, or became something else.")
