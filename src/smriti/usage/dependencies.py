"""What counts requests, in front of routes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from smriti.auth.dependencies import client_address
from smriti.auth.keys.dependencies import asker_of
from smriti.auth.throttle import network_of
from smriti.core.edge import Services, provide
from smriti.core.errors import Unauthenticated
from smriti.usage.rates import RequestRates

Rates = Annotated[RequestRates, Depends(provide(RequestRates))]


async def subject_of(request: Request, rates: Rates) -> str | None:
    """Whose requests are counted: a key's, a user's, else those of an address; None: nobody's.

    Not a dependency of security: public routes are counted, too.
    """
    if not rates.counted:
        return None
    try:
        asker, key = await asker_of(request)
    except Unauthenticated:
        return f"ip:{network_of(await client_address(request))}"
    return f"key:{key.key_id}" if key else f"user:{asker.owner}"


_Subject = Annotated[str | None, Depends(subject_of)]


async def count_request(request: Request) -> None:
    """Count a request, once, whoever asks for it: its route, or what answers in its place."""
    if getattr(request.state, "is_counted", False):
        return
    request.state.is_counted = True
    services: Services = request.app.state.services
    rates = services.get(RequestRates)
    subject = await subject_of(request, rates)
    if subject is not None:
        rates.check(subject)
        await rates.count(subject)


@asynccontextmanager
async def counted_chat(
    subject: str | None, rates: RequestRates
) -> AsyncIterator[Awaitable[None] | None]:
    """The counting of a message, begun; it has ended when this ends."""
    if subject is None:
        yield None
        return
    rates.check(subject, chat=True)
    counting = asyncio.create_task(rates.count(subject, chat=True), name="request-rate")
    try:
        yield counting
    finally:
        await asyncio.gather(counting, return_exceptions=True)  # it may have been refused before


async def _count_chat(subject: _Subject, rates: Rates) -> AsyncIterator[Awaitable[None] | None]:
    async with counted_chat(subject, rates) as counting:
        yield counting


# For every route but those of turns.
RequestRate = Depends(count_request)

# For those: the counting has begun, and is to be awaited with the turn's first reads.
ChatRate = Annotated[Awaitable[None] | None, Depends(_count_chat, scope="function")]
