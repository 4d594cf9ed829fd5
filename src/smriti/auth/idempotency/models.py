"""What is kept of a request that came with an `Idempotency-Key`."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from smriti.core.clock import new_id

MAX_ANSWER_BYTES: Final = 256 * 1024


class Answer(BaseModel):
    """What a request was answered."""

    status: int
    content_type: str
    body: str


class IdempotencyRecord(BaseModel):
    """A request of one caller, and how far it is. One attempt holds the claim on it at a time.

    `resource_id` is the id of what the request makes, the same in every attempt: who comes after a
    crash finds what was made. A request may be done without an answer that could be given again.
    """

    created_by: str
    key_hash: str
    fingerprint: str
    claim_id: str = Field(default_factory=new_id)
    claimed_until: int
    resource_id: str = Field(default_factory=new_id)
    state: Literal["pending", "done"] = "pending"
    answer: Answer | None = None
    ttl: int
