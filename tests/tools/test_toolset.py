"""How calls are run: together, in order, bounded, failures answered as text."""

import asyncio
from collections.abc import Sequence

import pytest

from smriti.llm.types import ToolCall, ToolResult, ToolSpec
from smriti.tools.toolset import (
    MAX_CALLS,
    MAX_RESULT_CHARACTERS,
    Combined,
    NoTools,
    ToolFailed,
    run_tool,
    run_tools,
)


class _Echo:
    """Answers with its own name and what it was told."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def specs(self) -> Sequence[ToolSpec]:
        return [ToolSpec(name=n, description=self._names[0], parameters={}) for n in self._names]

    async def call(self, call: ToolCall) -> str:
        return f"{self._names[0]}: {(call.arguments or {}).get('text')}"


class _Waits:
    """Each call waits until all that are expected have begun."""

    def __init__(self, expected: int) -> None:
        self._barrier = asyncio.Barrier(expected)

    def specs(self) -> Sequence[ToolSpec]:
        return ()

    async def call(self, call: ToolCall) -> str:
        await self._barrier.wait()
        return call.call_id


class _Breaks:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def specs(self) -> Sequence[ToolSpec]:
        return ()

    async def call(self, call: ToolCall) -> str:
        raise self._error


def _call(name: str = "a", call_id: str = "1", text: str = "hi") -> ToolCall:
    return ToolCall(call_id=call_id, name=name, arguments={"text": text})


async def test_a_call_reaches_the_first_toolset_that_has_the_tool() -> None:
    tools = Combined(_Echo("a", "b"), _Echo("c", "b"))

    answers = [(await run_tool(tools, _call(name))).text for name in ("a", "b", "c")]

    assert answers == ["a: hi", "a: hi", "c: hi"]


def test_a_tool_of_the_same_name_is_offered_once() -> None:
    tools = Combined(_Echo("a", "b"), _Echo("c", "b"))

    assert [(spec.name, spec.description) for spec in tools.specs()] == [
        ("a", "a"),
        ("b", "a"),
        ("c", "c"),
    ]


async def test_an_unknown_tool_is_answered_with_the_known_ones() -> None:
    result = await run_tool(Combined(_Echo("a", "b")), _call("x"))

    assert result == ToolResult(
        call_id="1",
        name="x",
        text="There is no tool 'x'. The tools are: a, b.",
        success=False,
    )


async def test_the_empty_toolset_has_nothing() -> None:
    assert NoTools().specs() == ()
    with pytest.raises(ToolFailed):
        await NoTools().call(_call())


async def test_arguments_that_are_no_object_are_refused() -> None:
    result = await run_tool(_Echo("a"), ToolCall(call_id="1", name="a", arguments=None))

    assert (result.success, result.text) == (
        False,
        "The arguments are not a JSON object. Call the tool again with one.",
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ToolFailed("No such line."), "No such line."),
        (TimeoutError(), "The tool did not answer within 120 seconds."),
    ],
)
async def test_a_failure_is_told_to_the_model(error: Exception, text: str) -> None:
    result = await run_tool(_Breaks(error), _call())

    assert (result.success, result.text) == (False, text)


async def test_a_bug_is_not_told_to_the_model() -> None:
    with pytest.raises(ZeroDivisionError):
        await run_tool(_Breaks(ZeroDivisionError()), _call())


async def test_a_long_answer_is_cut() -> None:
    result = await run_tool(_Echo("a"), _call(text="x" * MAX_RESULT_CHARACTERS))

    assert result.text == (
        f"a: {'x' * (MAX_RESULT_CHARACTERS - 3)}\n"
        f"[cut: {MAX_RESULT_CHARACTERS + 3} characters in all]"
    )


async def test_the_calls_of_a_reply_run_together_and_answer_in_order() -> None:
    calls = [_call(call_id=str(number)) for number in range(5)]

    results = await run_tools(_Waits(5), calls)

    assert [result.text for result in results] == ["0", "1", "2", "3", "4"]


async def test_too_many_calls_at_once_are_refused() -> None:
    calls = [_call(call_id=str(number)) for number in range(MAX_CALLS + 2)]

    results = await run_tools(_Echo("a"), calls)

    assert [result.success for result in results] == [True] * MAX_CALLS + [False] * 2
    assert [result.call_id for result in results] == [call.call_id for call in calls]
