"""How a session uses its tools: one at a time, approved where the owner wants to be asked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from smriti.core.errors import UpstreamFailed
from smriti.llm.types import ToolCall, ToolResult, ToolSpec
from smriti.tools.approvals import Decision
from smriti.tools.native.function_tool import FunctionToolset
from smriti.tools.toolset import Combined, ToolFailed, Toolset

_LONGEST_REASON: Final = 2_000

type Ask = Callable[[ToolCall], Awaitable[Decision]]


class TaskFailed(UpstreamFailed):
    """Why a task was not done, for who asked for it."""

    slug = "task-failed"


class OwnTools(FunctionToolset):
    """What a session's model can do without the device."""

    async def task_failed(self, reason: str) -> str:
        """Give the task up: it cannot be done, or not as it was asked. Say why in `reason`, for the
        person who asked. Nothing more can be done after this."""
        raise TaskFailed(reason.strip()[:_LONGEST_REASON] or "It was given up without a reason.")


class Supervised:
    """A device's tools and our own. The calls of one reply run in order, and when one runs, those
    before it are over: `done` has heard their results.

    `ask`: who approves each command before it is sent.
    """

    def __init__(
        self, commands: Toolset, *, ask: Ask | None, done: Callable[[ToolResult], None]
    ) -> None:
        self._tools = Combined(OwnTools(), commands)
        self._ask = ask
        self._done = done
        self._turn = asyncio.Lock()

    def specs(self) -> Sequence[ToolSpec]:
        return self._tools.specs()

    async def call(self, call: ToolCall) -> str:
        async with self._turn:
            try:
                text = await self._approved(call)
            except ToolFailed as failure:
                self._hear(call, str(failure), success=False)
                raise
            self._hear(call, text, success=True)
            return text

    async def _approved(self, call: ToolCall) -> str:
        if self._ask is None or call.name not in {spec.name for spec in self.specs()}:
            return await self._tools.call(call)
        if call.name in OwnTools.names():
            return await self._tools.call(call)
        decision = await self._ask(call)
        note = f" They say: {decision.note}" if decision.note else ""
        if not decision.approve:
            raise ToolFailed(f"Not run: the device's owner has refused this call.{note}")
        text = await self._tools.call(call)
        return f"{text}\nThe device's owner has approved this call.{note}" if note else text

    def _hear(self, call: ToolCall, text: str, *, success: bool) -> None:
        result = ToolResult(call_id=call.call_id, name=call.name, text=text, success=success)
        self._done(result)
