"""The toolset port, and how a call is run: bounded in time, failures answered as text."""

import asyncio
import time
from collections.abc import Container, Sequence
from typing import Final, Protocol

from smriti.llm.types import ToolCall, ToolResult, ToolSpec

CALL_TIMEOUT_S: Final = 120.0
MAX_CALLS: Final = 32
MAX_RESULT_CHARACTERS: Final = 20_000
INTERRUPTED: Final = (
    "Interrupted: the server stopped while this tool ran. It may have done its work or not; find "
    "out before you call it again."
)


class ToolFailed(Exception):
    """The tool could not do it; its text tells the model why."""


class Toolset(Protocol):
    """What an agent can call in one turn. Built for the turn with all it needs; no setters."""

    def specs(self) -> Sequence[ToolSpec]: ...

    async def call(self, call: ToolCall) -> str:
        """The tool's answer; `ToolFailed` with a text for the model."""
        ...


class NoTools:
    """The empty toolset."""

    def specs(self) -> Sequence[ToolSpec]:
        return ()

    async def call(self, call: ToolCall) -> str:
        raise ToolFailed(f"There is no tool {call.name!r}.")


class Combined:
    """Several toolsets as one; a name belongs to the first that has it."""

    def __init__(self, *toolsets: Toolset) -> None:
        self._specs: dict[str, ToolSpec] = {}
        self._owners: dict[str, Toolset] = {}
        for toolset in toolsets:
            for spec in toolset.specs():
                self._specs.setdefault(spec.name, spec)
                self._owners.setdefault(spec.name, toolset)

    def specs(self) -> Sequence[ToolSpec]:
        return list(self._specs.values())

    async def call(self, call: ToolCall) -> str:
        owner = self._owners.get(call.name)
        if owner is None:
            known = ", ".join(self._owners) or "none"
            raise ToolFailed(f"There is no tool {call.name!r}. The tools are: {known}.")
        return await owner.call(call)


class Timed:
    """A toolset that keeps how long each call has taken: `ms`, by the call's id."""

    def __init__(self, tools: Toolset) -> None:
        self._tools = tools
        self.ms: dict[str, int] = {}

    def specs(self) -> Sequence[ToolSpec]:
        return self._tools.specs()

    async def call(self, call: ToolCall) -> str:
        began = time.monotonic()
        try:
            return await self._tools.call(call)
        finally:
            self.ms[call.call_id] = round((time.monotonic() - began) * 1000)


async def run_tool(tools: Toolset, call: ToolCall) -> ToolResult:
    """The result of one call. A tool that fails or takes too long gives a result that says so."""
    if call.arguments is None:
        return _failed(call, "The arguments are not a JSON object. Call the tool again with one.")
    limit_s = _limit_s(tools, call.name)
    try:
        async with asyncio.timeout(limit_s):
            text = await tools.call(call)
    except ToolFailed as failure:
        return _failed(call, str(failure))
    except TimeoutError:
        within = "in time" if limit_s is None else f"within {limit_s:.0f} seconds"
        return _failed(call, f"The tool did not answer {within}.")
    return ToolResult(call_id=call.call_id, name=call.name, text=_cut(text))


def _limit_s(tools: Toolset, name: str) -> float | None:
    """None: who does the work bounds it, and the turn what it needs itself."""
    spec = next((spec for spec in tools.specs() if spec.name == name), None)
    if spec is not None and spec.lasting:
        return None
    return (spec and spec.limit_s) or CALL_TIMEOUT_S


async def run_tools(tools: Toolset, calls: Sequence[ToolCall]) -> list[ToolResult]:
    """The results of one reply's calls, run together, in the order they were asked for.

    What is no `ToolFailed`, an outage or a bug, ends them all; the first is raised as it is.
    """
    refused = f"Not run: at most {MAX_CALLS} tools may be called at once. Call it again."
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run_tool(tools, call)) for call in calls[:MAX_CALLS]]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks] + [
        _failed(call, refused) for call in calls[MAX_CALLS:]
    ]


async def run_again(
    tools: Toolset, calls: Sequence[ToolCall], repeatable: Container[str]
) -> list[ToolResult]:
    """The results of calls that may have run before a crash. Others than repeatable ones are not
    run: their results say that nobody knows."""
    again = [call for call in calls if call.name in repeatable]
    known = await run_tools(tools, again) if again else []
    by_id = {result.call_id: result for result in known}
    return [by_id.get(call.call_id) or _failed(call, INTERRUPTED) for call in calls]


def _failed(call: ToolCall, text: str) -> ToolResult:
    return ToolResult(call_id=call.call_id, name=call.name, text=text, success=False)


def _cut(text: str) -> str:
    if len(text) <= MAX_RESULT_CHARACTERS:
        return text
    return f"{text[:MAX_RESULT_CHARACTERS]}\n[cut: {len(text)} characters in all]"
