"""What is known of an agent at the specialised servers."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field


class Likeness(BaseModel):
    """What an agent is made from there: its character file, and the keys of its tools."""

    character: dict[str, Any]
    env: dict[str, Any] = Field(default_factory=dict)


class Link(BaseModel):
    """An agent's place there. `eliza` and `tools` are its ids by server; `sealed` is its likeness,
    and `sealed_key` the key of its tools that its owner named last, both encrypted.

    `conversation_id`: where its owner talks with it by the older server's routes.
    """

    agent_id: str
    sealed: str | None = None
    sealed_key: str | None = None
    eliza: dict[str, str] = Field(default_factory=dict)
    tools: dict[str, str] = Field(default_factory=dict)
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is handed on, and from whom: the ids tell people and talks apart, and nothing else."""

    text: str
    user_id: str
    conversation_id: str
