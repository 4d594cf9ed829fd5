"""Commands that wait for a person, in the middle of a turn: where they are, and answering them."""

from collections.abc import AsyncIterator

from smriti.conversations.models import Conversation
from smriti.core.errors import Conflict
from smriti.tools.approvals import Decision
from smriti.turns.answer import open_calls
from smriti.turns.capabilities import Called, Capability
from smriti.turns.models import TurnRecord
from smriti.turns.plan import Desk


class ApprovalPending(Conflict):
    slug = "approval-pending"

    def __init__(self) -> None:
        super().__init__(
            "A command waits for your approval. Approve or deny it, or cancel its turn, first."
        )


class NothingToApprove(Conflict):
    slug = "nothing-to-approve"

    def __init__(self) -> None:
        super().__init__("Nothing waits for this approval any more.")


class Approvals:
    """What waits is found by the calls that have no result: a restart changes nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def check_none(self, conversation: Conversation) -> None:
        """`ApprovalPending` when the turn that has the conversation waits for a person."""
        holder = conversation.lease_by or ""
        record = await self._desk.turns.find(conversation.conversation_id, holder)
        if record is None:
            return
        async for _ in self._pending(record):
            raise ApprovalPending

    async def decide(self, record: TurnRecord, decision: Decision) -> None:
        """Let a turn go on. `NothingToApprove`."""
        async for capability, called, approval_id in self._pending(record):
            if approval_id == decision.approval_id:
                await capability.decide(called, decision)
                return
        raise NothingToApprove

    async def _pending(self, record: TurnRecord) -> AsyncIterator[tuple[Capability, Called, str]]:
        if record.ended or record.status == "queued":
            return
        desk = self._desk
        newest = await desk.messages.newest(record.conversation_id, limit=2)
        answer = next((m for m in newest if m.message_id != record.question_id), None)
        if answer is None or answer.turn_id != record.turn_id:
            return  # nothing of it is stored yet
        calls = open_calls(answer.parts)
        for capability, called in desk.capabilities.lasting(record, calls):
            approval_id = await capability.asks(called)
            if approval_id is not None:
                yield capability, called, approval_id
