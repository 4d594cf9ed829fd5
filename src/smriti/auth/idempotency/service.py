"""Decisions about repeated requests: who does one, who waits, what is answered again."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from smriti.auth.idempotency.models import Answer, IdempotencyRecord
from smriti.auth.idempotency.repository import IdempotencyRepository
from smriti.core.clock import unix_now
from smriti.core.errors import Conflict, Invalid
from smriti.db.table import TableBusy, TableUnavailable

LIFETIME_S: Final = 24 * 3600
CLAIM_S: Final = 60
"""After so long without an end, an attempt counts as crashed."""
_POLL_S: Final = 0.1
_POLLS: Final = 100

log = structlog.get_logger()


class KeyReused(Invalid):
    slug = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came before, with another request.")


class RequestInProgress(Conflict):
    slug = "idempotency-in-progress"

    def __init__(self) -> None:
        super().__init__(
            "The request that came first with this Idempotency-Key is still being done.",
            headers={"Retry-After": "1"},
        )


class AnswerNotKept(Conflict):
    """It was done, but its answer was too large, or too secret, to be given twice."""

    slug = "idempotency-answer-not-kept"

    def __init__(self, resource_id: str) -> None:
        super().__init__(
            "The request of this Idempotency-Key was done; its answer is not given twice.",
            resource_id=resource_id,
        )
        self.resource_id = resource_id


class Idempotency:
    def __init__(
        self,
        records: IdempotencyRepository,
        *,
        now: Callable[[], int] = unix_now,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._records = records
        self._now = now
        self._pause = pause

    async def begin(self, owner: str, key: str, request: bytes) -> IdempotencyRecord:
        """A claim on this request, or its record with the answer when it was done before.

        While another attempt is at it, waits for its end, up to ten seconds.
        """
        for _ in range(_POLLS):
            now = self._now()
            new = _record(owner, key, request, now)
            standing = await self._records.add(new)
            if standing is new:
                return new
            if standing.ttl > now:
                _check(standing, new)
                if standing.answer is not None:
                    return standing
                new.resource_id = standing.resource_id
            if standing.claimed_until > now:
                await self._pause(_POLL_S)
            elif await self._records.replace(standing, new):
                return new
        raise RequestInProgress

    async def finish(self, claim: IdempotencyRecord, answer: Answer | None) -> None:
        """The request is done. When that cannot be noted, its caller shall have the answer still:
        a repetition takes the claim over, and finds what was made."""
        try:
            await self._records.finish(claim, answer)
        except (TableBusy, TableUnavailable) as error:
            log.warning("idempotency.not_recorded", error=repr(error))

    async def forget(self, claim: IdempotencyRecord) -> None:
        """What was done has come to nothing: the key is as good as new."""
        with suppress(TableBusy, TableUnavailable):
            await self._records.forget(claim)

    async def release(self, claim: IdempotencyRecord, *, refused: bool) -> None:
        """The attempt has failed. Refused, nothing was made, and the key is as good as new; else
        the same request may try again. If that cannot be noted, it may when the claim ends."""
        give_back = self._records.forget if refused else self._records.give_up
        with suppress(TableBusy, TableUnavailable):
            await give_back(claim)


def _record(owner: str, key: str, request: bytes, now: int) -> IdempotencyRecord:
    return IdempotencyRecord(
        created_by=owner,
        key_hash=hashlib.sha256(key.encode()).hexdigest(),
        # A body may hold a secret. The key, which is not stored, keeps it from being guessed.
        fingerprint=hashlib.sha256(key.encode() + b"\n" + request).hexdigest(),
        claimed_until=now + CLAIM_S,
        ttl=now + LIFETIME_S,
    )


def _check(standing: IdempotencyRecord, new: IdempotencyRecord) -> None:
    """Raise what the new request is answered in any case."""
    if standing.fingerprint != new.fingerprint:
        raise KeyReused
    if standing.state == "done" and standing.answer is None:
        raise AnswerNotKept(standing.resource_id)
