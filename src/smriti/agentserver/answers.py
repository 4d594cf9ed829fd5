"""Asking by a turn, and waiting for what it ends in."""

import asyncio
from typing import Final

from smriti.core.errors import AppError, Conflict, Unavailable, UpstreamFailed
from smriti.messages.models import Message, MessageCreate
from smriti.messages.repository import MessageRepository
from smriti.turns.service import Ask, TurnService
from smriti.turns.streams import TurnStreams

_ANSWER_S: Final = 120.0
_FAILURES: Final[dict[int, type[AppError]]] = {409: Conflict, 500: AppError, 503: Unavailable}


class NotAnsweredYet(AppError):
    """The turn goes on; who asks stops waiting."""

    status, title, slug = 504, "Not answered yet", "not-answered-yet"


class Answers:
    """`limit_s`: how long a question waits for its answer."""

    def __init__(
        self,
        turns: TurnService,
        streams: TurnStreams,
        messages: MessageRepository,
        *,
        limit_s: float = _ANSWER_S,
    ) -> None:
        self._turns = turns
        self._streams = streams
        self._messages = messages
        self._limit_s = limit_s

    async def to(self, ask: Ask, question: str) -> Message | None:
        """The answer; None when it was stopped before it said a word.

        `NotAnsweredYet`, what a turn may be refused for, what it may end in.
        """
        turn_id = await self._turns.send(ask, MessageCreate(content=question))
        try:
            async with asyncio.timeout(self._limit_s):
                last = await self._streams.end_of(ask.conversation_id, turn_id)
        except TimeoutError as error:
            raise NotAnsweredYet(
                f"There is no answer after {self._limit_s:.0f} seconds. The agent goes on; its "
                f"answer will stand in the conversation {ask.conversation_id}."
            ) from error
        if last is None:
            raise Unavailable("The server is stopping. The agent goes on when it runs again.")
        if last["event_type"] == "ERROR":
            problem = last["problem"]
            failure = _FAILURES.get(problem["status"], UpstreamFailed)
            raise failure(problem["detail"], type=problem["type"])
        if last["message_id"] is None:
            return None
        return await self._messages.find(ask.conversation_id, last["message_id"])
