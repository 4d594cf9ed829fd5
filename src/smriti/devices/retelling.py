"""A session told again from what is stored, when its event log is gone."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from smriti.devices.models import DeviceSession, log_name
from smriti.devices.run import last_event
from smriti.llm.types import Part
from smriti.turns.events import TurnEvent
from smriti.turns.models import ATTEMPT
from smriti.turns.retelling import STOPPED, frames_of, retold
from smriti.turns.streams import Story

type Read = Callable[[str, str], Awaitable[DeviceSession]]
type ReadParts = Callable[[DeviceSession], Awaitable[Sequence[Part]]]


def story_of(owner: str, session_id: str, read: Read, parts: ReadParts) -> Story[DeviceSession]:
    """What a session's event stream tells."""

    async def tell(session: DeviceSession, after: int) -> list[tuple[int, bytes]]:
        return _retold(session, await parts(session), after=after)

    name = log_name(owner, session_id)
    return Story(session_id, name, partial(read, owner, session_id), tell)


def _retold(
    session: DeviceSession, parts: Sequence[Part], *, after: int
) -> list[tuple[int, bytes]]:
    """Numbered frames after a number, those of one attempt more: see `turns.retelling`."""
    base = (session.attempt + 1) * ATTEMPT
    if session.last_seq is not None and session.last_seq <= after < base:
        return []
    stopped = [STOPPED] if session.status == "cancelled" else []
    events: list[TurnEvent] = [
        *retold(parts),
        *stopped,
        last_event(session),
    ]
    return frames_of(events, turn_id=session.session_id, base=base, after=after)
