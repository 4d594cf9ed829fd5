"""How a session is carried out: tools, model, the loop, and the owner's word where it is wanted."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Final, assert_never

from smriti.core.clock import utc_now
from smriti.devices.desk import Desk
from smriti.devices.fitting import FittedProvider
from smriti.devices.hub import Peer
from smriti.devices.journal import Journal
from smriti.devices.listing import tools_of
from smriti.devices.models import Approval, Device, DeviceSession
from smriti.devices.prompt import system_prompt
from smriti.devices.supervision import OwnTools, Supervised, TaskFailed
from smriti.devices.toolset import DeviceTools
from smriti.devices.workers import Worker
from smriti.llm.provider import Provider
from smriti.llm.types import ChatMessage, ModelRequest, TextPart, ToolCall
from smriti.tools.approvals import Decision
from smriti.turns.events import (
    ApprovalRequired,
    LoopEvent,
    Notice,
    ReasoningDelta,
    ReplyEnded,
    StepCompleted,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnEvent,
)
from smriti.turns.loop import Progress, run_steps

MAX_STEPS: Final = 40
APPROVAL_S: Final = 24 * 3600.0
"""How long a command waits for its approval."""

_LIMIT_S: Final = 2 * 3600.0


class Thinking:
    """Works on one session until it is done, and says so in it; `TaskFailed` when it is not."""

    def __init__(
        self,
        session: DeviceSession,
        peer: Peer,
        desk: Desk,
        journal: Journal,
        say: Callable[[TurnEvent], None],
    ) -> None:
        self._session = session
        self._peer = peer
        self._desk = desk
        self._journal = journal
        self._say = say
        self._clock = asyncio.timeout(None)
        self._decision: asyncio.Future[Decision] | None = None
        self._reply: ReplyEnded | None = None

    async def think(self) -> None:
        session, desk = self._session, self._desk
        device = await desk.devices.find(session.created_by, session.client_id)
        worker = await desk.workers.find(session.created_by, device)
        session.model = worker.model
        traits = desk.catalog.traits_of(worker.model, context_tokens=worker.context_tokens)
        if not traits.takes_tools:
            raise TaskFailed(f"The model {worker.model!r} cannot use tools. Choose another.")
        self._say(Notice(text=f"Asking {session.client_id} for its tools..."))
        tools = await self._tools(device)
        try:
            async with asyncio.timeout(_LIMIT_S) as self._clock:
                await self._loop(worker, FittedProvider(worker.provider, traits), tools)
        except TimeoutError as late:
            raise TaskFailed(f"It was not done within {_LIMIT_S / 60:.0f} minutes.") from late

    def decide(self, decision: Decision) -> None:
        """Say what the owner has decided; what nobody waits for is nothing."""
        waiting, approval = self._decision, self._session.approval
        if waiting is None or waiting.done() or approval is None:
            return
        if approval.approval_id == decision.approval_id:
            waiting.set_result(decision)

    async def store_step(self) -> None:
        """Keep what was said and done since the last step that is kept."""
        if step := self._journal.step:
            await self._desk.sessions.put_step(self._session, self._journal.number, step)

    async def _tools(self, device: Device | None) -> Supervised:
        desk, session = self._desk, self._session
        listed = await tools_of(self._peer, desk.channel, session, reserved=OwnTools.names())
        secret = await desk.devices.tool_api_key(device) if device is not None else None
        commands = DeviceTools(self._peer, desk.channel, session, listed, secret=secret)
        asks = device is not None and device.ask_before_commands
        # What waits already was asked when the owner wanted to be asked.
        ask = self._ask if asks or session.approval is not None else None
        return Supervised(commands, ask=ask, done=self._journal.add_result)

    async def _loop(self, worker: Worker, provider: Provider, tools: Supervised) -> None:
        session, journal = self._session, self._journal
        question = ChatMessage(role="user", parts=(TextPart(text=session.request),))
        request = ModelRequest(
            model=worker.model,
            system=system_prompt(worker.name, worker.persona, self._peer),
            messages=(question,),
            tools=tuple(tools.specs()),
            sampling=worker.sampling,
        )
        open_calls = journal.open_calls
        events = run_steps(
            request.continued(*journal.parts),
            provider,
            tools,
            max_steps=MAX_STEPS,
            done=Progress(session.steps + bool(open_calls), open_calls),
        )
        async with aclosing(events):
            async for event in events:
                await self._take(event)

    async def _take(self, event: LoopEvent) -> None:
        session, journal = self._session, self._journal
        match event:
            case TextDelta(text=text):
                journal.add_text(text)
                self._say(event)
            case Notice() | ReasoningDelta() | ToolStarted() | ToolFinished():
                self._say(event)
            case ReplyEnded():
                self._reply = event
                journal.end_reply(event)
                session.model, session.usage = event.model, session.usage + event.usage
            case StepCompleted(results=results, final=final):
                journal.end_step(results)
                await self.store_step()
                if final:
                    self._conclude()
                session.steps += 1
                journal.begin_step()
            case _:
                assert_never(event)

    def _conclude(self) -> None:
        """A task is done when the model says what came of it: all else is a failure."""
        session, reply = self._session, self._reply
        parts = reply.parts if reply is not None else ()
        text = "".join(part.text for part in parts if isinstance(part, TextPart)).strip()
        session.result = text or None
        if session.steps >= MAX_STEPS:
            raise TaskFailed(f"It was not done within {MAX_STEPS} steps. {text}".strip())
        if not text:
            raise TaskFailed("The model has answered nothing.")
        if reply is not None and reply.finish_reason in {"length", "refused"}:
            raise TaskFailed(f"The model broke off ({reply.finish_reason}). It said: {text}")
        session.status = "completed"

    async def _ask(self, call: ToolCall) -> Decision:
        """Wait until the device's owner approves this command, or does not."""
        session, sessions = self._session, self._desk.sessions
        self._decision = asyncio.get_running_loop().create_future()
        approval = session.approval = session.approval or Approval(
            tool_name=call.name, arguments=call.arguments or {}
        )
        session.status = "waiting"
        await self.store_step()
        await sessions.change(session, "status", "approval")
        self._say(approval_event(session, approval))
        decision = session.decision or await self._decided(approval, self._decision)
        session.status, session.approval, session.decision = "running", None, None
        await sessions.change(session, "status", "approval", "decision")
        self._say(Notice(text="Approved." if decision.approve else "Not approved."))
        return decision

    async def _decided(self, approval: Approval, decision: asyncio.Future[Decision]) -> Decision:
        """No time is counted while a person thinks, but for a day."""
        clock = asyncio.get_running_loop().time
        end = self._clock.when()
        left_s = end - clock() if end is not None else _LIMIT_S
        self._clock.reschedule(None)
        waited = utc_now() - approval.asked_at
        try:
            async with asyncio.timeout(APPROVAL_S - waited.total_seconds()):
                return await decision
        except TimeoutError as late:
            raise TaskFailed(f"Nobody has approved {approval.tool_name} within a day.") from late
        finally:
            self._clock.reschedule(clock() + left_s)


def approval_event(session: DeviceSession, approval: Approval) -> ApprovalRequired:
    return ApprovalRequired(
        approval_id=approval.approval_id,
        session_id=session.session_id,
        client_id=session.client_id,
        tool_name=approval.tool_name,
        arguments=approval.arguments,
    )
