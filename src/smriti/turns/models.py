"""The record of a turn."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from smriti.core.clock import utc_now
from smriti.llm.types import Usage

type TurnStatus = Literal["running", "complete", "failed", "cancelled"]


class TurnRecord(BaseModel):
    """What became of one question. Written with it, closed once."""

    turn_id: str
    conversation_id: str
    agent_id: str
    created_by: str
    question_id: str
    answer_id: str | None = None
    status: TurnStatus = "running"
    error: str | None = None
    steps: int = 0
    usage: Usage = Field(default_factory=Usage)
    started_at: datetime = Field(default_factory=utc_now)
    finished_at: datetime | None = None
