"""Typed functions as tools: what the model is told, and what it may get wrong."""

import json
from typing import Annotated

import pytest
from pydantic import Field

from smriti.llm.types import ToolCall
from smriti.tools.native.function_tool import FunctionToolset
from smriti.tools.toolset import ToolFailed


class _Greeter(FunctionToolset):
    def __init__(self, greeting: str) -> None:
        self._greeting = greeting

    async def greet(self, name: Annotated[str, Field(description="Who.")], times: int = 1) -> str:
        """Greet somebody,
        as often as asked."""
        return " ".join([f"{self._greeting} {name}"] * times)

    async def leave(self) -> str:
        """Say goodbye."""
        return "Bye"

    async def _hidden(self) -> str:
        return "?"


async def _call(tool: str, **arguments: object) -> str:
    return await _Greeter("Hello").call(ToolCall(call_id="1", name=tool, arguments=arguments))


def test_the_model_is_told_what_signature_and_docstring_say() -> None:
    assert [spec.model_dump() for spec in _Greeter("Hello").specs()] == [
        {
            "name": "greet",
            "description": "Greet somebody, as often as asked.",
            "parameters": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "Who."},
                    "times": {"type": "integer", "default": 1},
                },
                "required": ["name"],
            },
        },
        {
            "name": "leave",
            "description": "Say goodbye.",
            "parameters": {"type": "object", "properties": {}, "required": []},
        },
    ]


def test_the_schemas_are_the_same_to_the_byte() -> None:
    first, second = (
        json.dumps([spec.model_dump() for spec in _Greeter(word).specs()]) for word in "ab"
    )

    assert first == second
    assert _Greeter.names() == ("greet", "leave")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"name": "Ada"}, "Hello Ada"),
        ({"name": "Ada", "times": 2}, "Hello Ada Hello Ada"),
        ({"name": "Ada", "times": "2"}, "Hello Ada Hello Ada"),
        ({"name": "Ada", "times": 2.0}, "Hello Ada Hello Ada"),
        ({"name": 7}, "Hello 7"),
        ({"name": "Ada", "mood": "merry"}, "Hello Ada"),
    ],
)
async def test_small_mistakes_are_mended(arguments: dict[str, object], answer: str) -> None:
    assert await _call("greet", **arguments) == answer


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, r"name: Field required\.$"),
        ({"name": "Ada", "times": "often"}, r"times: Input should be a valid integer"),
        ({"name": ["Ada"], "times": 1.5}, r"name: .*; times: "),
    ],
)
async def test_what_cannot_be_mended_is_named(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(ToolFailed, match=f"^Error: greet was called wrongly. {named}"):
        await _call("greet", **arguments)


async def test_what_was_sent_is_not_repeated() -> None:
    with pytest.raises(ToolFailed) as failed:
        await _call("greet", name="Ada", times="a secret")

    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("name", ["_hidden", "call", "specs", "names", "nothing"])
async def test_only_public_methods_of_its_own_are_tools(name: str) -> None:
    with pytest.raises(ToolFailed, match=f"^There is no tool '{name}'.$"):
        await _call(name)


async def test_a_tool_without_parameters_needs_no_arguments() -> None:
    call = ToolCall(call_id="1", name="leave", arguments=None)

    assert await _Greeter("Hello").call(call) == "Bye"


class _Counter(FunctionToolset):
    lasting = frozenset({"count"})

    async def count(self, upto: int, call_id: str) -> str:
        """Count."""
        return f"{call_id}: {upto}"


async def test_a_tool_may_know_the_id_of_its_call() -> None:
    (spec,) = _Counter().specs()

    text = await _Counter().call(ToolCall(call_id="7", name="count", arguments={"upto": 3}))

    assert (text, spec.lasting, list(spec.parameters["properties"])) == ("7: 3", True, ["upto"])
