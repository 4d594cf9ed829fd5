"""Blocks: what they are for, their lines, and the changes that made them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from smriti.core.clock import utc_now
from smriti.memory.models import Line, MemoryOwner

WORD_LIMIT: Final = 5000
CROWDED_PERCENT: Final = 80
COMPACTED_AFTER_TURNS: Final = 3
MAX_BLOCKS: Final = 50
MAX_BLOCK_BYTES: Final = 128 * 1024
MAX_CORE_BYTES: Final = 512 * 1024
MAX_LINES: Final = 50_000

DEFAULT_BLOCKS: Final[Mapping[str, str]] = {
    "human": "Facts about the user",
    "persona": "Your traits and characteristics",
}
"""The blocks that everybody has, and what they are for."""

_BLOCK_NAME: Final = re.compile(r"[a-z0-9_]{1,50}")


def normalise_block_name(text: str) -> str:
    """The name that a model means: `Human - Facts about the user` is `human`."""
    head = re.sub(r"[\s-]", "_", text.split(" - ", 1)[0].lower())
    return re.sub(r"_+", "_", re.sub(r"[^a-z0-9_]", "", head)).strip("_")


def may_be_block_name(text: str) -> bool:
    """Whether a stored block can have this name: what cannot is never made a key."""
    return _BLOCK_NAME.fullmatch(text) is not None


def count_words(lines: Sequence[str]) -> int:
    return sum(len(line.split()) for line in lines)


def count_bytes(lines: Sequence[str]) -> int:
    """The size of lines in a prompt and, nearly, in the table."""
    return sum(len(line.encode()) + 1 for line in lines)


def compaction_is_due(warning_turns: int) -> bool:
    """After 3 crowded turns in a row; then at 6, 12, 24, …, so that a model that fails every time
    is not asked, and paid, at every turn."""
    times, rest = divmod(warning_turns, COMPACTED_AFTER_TURNS)
    return rest == 0 and times.bit_count() == 1


@dataclass(frozen=True, slots=True)
class Edit:
    """Who changes a block (`agent`, or the owner's e-mail), by what, and in which turn if any."""

    by: str
    reason: str
    turn_id: str | None = None


class MemoryBlockDef(BaseModel):
    """What a block is for, and how many words it may hold."""

    block_name: str
    description: str = ""
    word_limit: int = WORD_LIMIT
    is_default: bool = False
    created_at: datetime = Field(default_factory=utc_now)


class BlockVersion(BaseModel):
    """A block's lines at one time: who wrote them, when, and by what. 0 is before any change.

    `turn_id`: of the turn in which, or after which, the agent made it.
    """

    version: int = 0
    lines: list[str] = Field(default_factory=list)
    word_count: int = 0
    updated_at: datetime | None = None
    updated_by: str | None = None
    reason: str | None = None
    turn_id: str | None = None

    def followed_by(self, lines: Sequence[str], edit: Edit) -> "BlockVersion":
        """The version that `edit` makes of this one."""
        return BlockVersion(
            version=self.version + 1,
            lines=list(lines),
            word_count=count_words(lines),
            updated_at=utc_now(),
            updated_by=edit.by,
            reason=edit.reason,
            turn_id=edit.turn_id,
        )


@dataclass(frozen=True, slots=True)
class Block:
    """A block as it is now. `warning_turns` have ended in a row with it crowded."""

    definition: MemoryBlockDef
    content: BlockVersion = field(default_factory=BlockVersion)
    warning_turns: int = 0

    @property
    def name(self) -> str:
        return self.definition.block_name

    @property
    def lines(self) -> list[str]:
        return self.content.lines

    @property
    def usage(self) -> str:
        return f"{self.content.word_count}/{self.definition.word_limit} words"

    @property
    def percent(self) -> float:
        return round(100 * self.content.word_count / max(1, self.definition.word_limit), 2)

    @property
    def crowded(self) -> bool:
        return self.percent >= CROWDED_PERCENT

    def with_content(self, content: BlockVersion) -> "Block":
        return replace(self, content=content)


@dataclass(frozen=True, slots=True)
class CoreMemory:
    """All blocks of one owner as they were when read: human, persona, then the others by name."""

    owner: MemoryOwner
    blocks: Mapping[str, Block]

    def find(self, name: str) -> Block | None:
        """The block of this name, or of the name that a model means by it."""
        if name in self.blocks:
            return self.blocks[name]
        meant = normalise_block_name(name)
        blocks = self.blocks.values()
        return next((b for b in blocks if normalise_block_name(b.name) == meant), None)

    def with_block(self, block: Block) -> "CoreMemory":
        return replace(self, blocks={**self.blocks, block.name: block})

    def without_block(self, name: str) -> "CoreMemory":
        return replace(self, blocks={n: block for n, block in self.blocks.items() if n != name})


class BlockCreate(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "projects", "description": "What she works on"}}
    )

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=50)]
    description: Annotated[Line, Field(max_length=200)]
    word_limit: Annotated[int, Field(ge=100, le=50_000)] = WORD_LIMIT


class BlockUpdate(BaseModel):
    """All lines of a block. With `version`, only if the block still is at that version."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"lines": ["Name: Alice", "Works at: Google"]}}
    )

    lines: Annotated[list[Line], Field(max_length=MAX_LINES)]
    version: Annotated[int, Field(ge=0, strict=True)] | None = None


class BlockRestore(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"version": 1}})

    version: Annotated[int, Field(ge=0, lt=10**10, strict=True)]


class BlockView(BaseModel):
    """A block without its lines."""

    block_name: str
    description: str
    word_limit: int
    is_default: bool
    word_count: int
    capacity_percent: float
    created_at: datetime

    @classmethod
    def of(cls, block: Block) -> Self:
        return cls(
            **block.definition.model_dump(),
            word_count=block.content.word_count,
            capacity_percent=block.percent,
        )


class BlockContentView(BaseModel):
    """A block's lines, and which version of them this is."""

    block_name: str
    lines: list[str]
    word_count: int
    word_limit: int
    capacity_percent: float
    is_default: bool
    version: int
    updated_at: datetime | None
    updated_by: str | None
    turn_id: str | None = None

    @classmethod
    def of(cls, block: Block) -> Self:
        return cls(
            **block.definition.model_dump(exclude={"description", "created_at"}),
            **block.content.model_dump(exclude={"reason"}),
            capacity_percent=block.percent,
        )
