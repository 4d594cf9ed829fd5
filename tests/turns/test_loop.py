"""The loop, asked as the function it is."""

import pytest

from smriti.llm.provider import (
    CallRequested,
    Delayed,
    Finished,
    ProviderEvent,
    SwitchedModel,
    TextChunk,
)
from smriti.llm.types import ChatMessage, ModelRequest, TextPart, ToolCall
from smriti.tools.toolset import NoTools
from smriti.turns.events import LoopEvent, Notice, ReplyEnded
from smriti.turns.loop import run_steps
from tests.fakes.scripted_provider import ScriptedProvider

HI = ChatMessage(role="user", parts=(TextPart(text="Hi"),))
REQUEST = ModelRequest(model="big", system="", messages=(HI,))
CALL = CallRequested(ToolCall(call_id="1", name="nothing", arguments={}))
ANSWER: list[ProviderEvent] = [TextChunk("Hello"), Finished("stop")]


async def said(provider: ScriptedProvider) -> list[LoopEvent]:
    return [event async for event in run_steps(REQUEST, provider, NoTools(), max_steps=3)]


@pytest.mark.parametrize(
    ("seconds", "when"), [(0.2, "in a moment"), (1.6, "in 2 seconds"), (29.9, "in 30 seconds")]
)
async def test_a_delay_is_told_with_its_reason(seconds: float, when: str) -> None:
    provider = ScriptedProvider([[Delayed(seconds, "It is busy."), *ANSWER]])

    events = await said(provider)

    assert events[0] == Notice(text=f"Asking the model again {when}. It is busy.")


async def test_the_model_that_took_over_is_asked_in_the_next_steps_too() -> None:
    switched = SwitchedModel("small", "It is busy.")
    provider = ScriptedProvider([[switched, CALL, Finished("tool_calls")], ANSWER])

    events = await said(provider)

    assert events[0] == Notice(text="Asking the fallback model 'small' instead. It is busy.")
    assert [request.model for request in provider.requests] == ["big", "small"]
    answered_by = [event.model for event in events if isinstance(event, ReplyEnded)]
    assert answered_by == ["small", "small"]
