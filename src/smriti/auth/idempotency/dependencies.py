"""What idempotent routes ask for: the id of what they make."""

from typing import Annotated

from fastapi import Depends, Request

from smriti.auth.idempotency.models import IdempotencyRecord
from smriti.core.clock import new_id


async def _new_id(request: Request) -> str:
    claim: IdempotencyRecord | None = getattr(request.state, "claim", None)
    return new_id() if claim is None else claim.resource_id


# The id of what the request makes: the same again when it is repeated after a crash.
NewId = Annotated[str, Depends(_new_id)]
