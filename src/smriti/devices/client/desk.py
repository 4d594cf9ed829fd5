"""What becomes of the commands of one message: the toolset is asked, in order, until one fails."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from smriti.devices.protocol import Action, Result
from smriti.llm.types import ToolCall, ToolSpec
from smriti.tools.toolset import ToolFailed, Toolset

NAMESPACE: Final = "smriti"
LIST: Final = "list_tools"
_SECRETS: Final = frozenset({"api_key"})

type Tell = Callable[[str], None]
"""Shows one line to whoever sits at the machine."""

type Ask = Callable[[str], Awaitable[bool]]
"""Whether the person at the machine allows what the text describes."""


class Desk:
    """Carries commands out and tells which. Its `list_tools` is answered from the toolset."""

    def __init__(self, tools: Toolset, tell: Tell) -> None:
        self._tools = tools
        self._tell = tell

    async def carry_out(self, actions: Sequence[Action]) -> list[Result]:
        """One result a command. After the first that fails the others are skipped."""
        results: list[Result] = []
        for action in actions:
            if results and results[-1].status in {"failure", "skipped"}:
                results.append(_result(action, "skipped", error="Skipped: one before it failed."))
            else:
                results.append(await self._carry_out(action))
        return results

    async def _carry_out(self, action: Action) -> Result:
        if not action.tool_name:
            return _result(action, "success", result="No action taken.")
        if action.tool_name == LIST:
            return _result(action, "success", result=self._listing(action.parameters))
        call = ToolCall(call_id=action.call_id, name=action.tool_name, arguments=action.parameters)
        self._tell(described(call))
        try:
            return _result(action, "success", result=await self._tools.call(call))
        except ToolFailed as failure:
            self._tell(f"  {failure}")
            return _result(action, "failure", error=str(failure))

    def _listing(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        entries = [_entry(spec) for spec in self._tools.specs()]
        return [
            entry
            for entry in entries
            if wanted.get("tool_type") in {None, "", entry["tool_type"]}
            and wanted.get("namespace") in {None, "", entry["namespace"]}
        ]


class Approved:
    """A toolset in which each call waits until a person has allowed it."""

    def __init__(self, tools: Toolset, ask: Ask) -> None:
        self._tools = tools
        self._ask = ask

    def specs(self) -> Sequence[ToolSpec]:
        return self._tools.specs()

    async def call(self, call: ToolCall) -> str:
        if not await self._ask(described(call)):
            raise ToolFailed(
                "The person at the device did not allow this. Do not try it in another way."
            )
        return await self._tools.call(call)


def described(call: ToolCall) -> str:
    """A call in one line, for people."""
    given = {name: value for name, value in (call.arguments or {}).items() if name not in _SECRETS}
    return f"{call.name} {json.dumps(given, ensure_ascii=False)}"


def _result(action: Action, status: Any, **members: Any) -> Result:
    return Result(status=status, call_id=action.call_id, **members)


def _entry(spec: ToolSpec) -> dict[str, Any]:
    return {
        "tool_key": f"action::{spec.name}",
        "tool_name": spec.name,
        "title": spec.name,
        "namespace": NAMESPACE,
        "tool_type": "action",
        "description": spec.description,
        "input_schema": spec.parameters,
        "output_schema": None,
        "meta": None,
        "annotations": None,
    }
