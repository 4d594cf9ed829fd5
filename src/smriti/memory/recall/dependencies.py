"""What routes about recall ask for: the service, and which messages are wanted."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query

from smriti.core.edge import provide
from smriti.memory.recall.service import RecallService
from smriti.retrieval.documents import Filter

Recall = Annotated[RecallService, Depends(provide(RecallService))]


async def wanted(
    after: Annotated[
        datetime | None, Query(description="Said then or later; without a zone, UTC.")
    ] = None,
    before: Annotated[
        datetime | None, Query(description="Said earlier than then; without a zone, UTC.")
    ] = None,
    role: Annotated[Literal["user", "assistant"] | None, Query(description="Who said it.")] = None,
) -> Filter:
    return Filter(
        since=_aware(after),
        until=_aware(before),
        any_of=frozenset({role} if role else ()),
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


Wanted = Annotated[Filter, Depends(wanted)]
