"""The loop, asked as the function it is."""

import asyncio

import pytest

from smriti.llm.provider import (
    CallRequested,
    Delayed,
    Finished,
    ProviderEvent,
    SwitchedModel,
    TextChunk,
)
from smriti.llm.types import ChatMessage, ModelRequest, TextPart, ToolCall, ToolSpec
from smriti.tools.toolset import NoTools
from smriti.turns.events import LoopEvent, Notice, ReplyEnded, StepCompleted, ToolFinished
from smriti.turns.loop import Progress, run_steps
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


async def test_every_call_of_a_turn_has_an_id_of_its_own() -> None:
    calls: list[ProviderEvent] = [CALL, CALL, Finished("tool_calls")]
    provider = ScriptedProvider([calls, calls, ANSWER])

    events = await said(provider)

    replies = [event for event in events if isinstance(event, ReplyEnded)]
    asked = [p.call_id for reply in replies for p in reply.parts if isinstance(p, ToolCall)]
    answered = [event.result.call_id for event in events if isinstance(event, ToolFinished)]
    assert asked == answered == ["1", "1_2", "1_3", "1_4"]


async def test_a_lasting_call_is_stored_before_it_runs_and_runs_again() -> None:
    provider = ScriptedProvider([[CALL, Finished("tool_calls")], ANSWER, ANSWER])
    tools = _Lasts()

    events = [event async for event in run_steps(REQUEST, provider, tools, max_steps=3)]
    going_on = REQUEST.continued(CALL.call)
    open_call = Progress(1, (CALL.call,))
    again = [e async for e in run_steps(going_on, provider, tools, max_steps=3, done=open_call)]

    first = next(event for event in events if isinstance(event, ReplyEnded))
    assert not first.repeatable
    assert isinstance(again[0], ToolFinished)
    assert again[0].result.success
    assert tools.ran == ["1", "1"]


class _Lasts:
    def __init__(self) -> None:
        self.ran: list[str] = []

    def specs(self) -> list[ToolSpec]:
        return [ToolSpec(name="nothing", description="", parameters={}, lasting=True)]

    async def call(self, call: ToolCall) -> str:
        self.ran.append(call.call_id)
        return "Done."


async def test_each_call_of_a_step_has_its_own_time() -> None:
    quick_is_done = asyncio.Event()

    class Waiting(NoTools):
        async def call(self, call: ToolCall) -> str:
            if call.name == "slow":
                await quick_is_done.wait()
            quick_is_done.set()
            return "done"

    calls = [
        ToolCall(call_id="1", name="slow", arguments={}),
        ToolCall(call_id="2", name="quick", arguments={}),
        ToolCall(call_id="3", name="quick", arguments=None),
    ]
    model = ScriptedProvider([[*map(CallRequested, calls)], [TextChunk("Done.")]])

    events = [event async for event in run_steps(REQUEST, model, Waiting(), max_steps=3)]

    finished = [event for event in events if isinstance(event, ToolFinished)]
    (slow, quick, refused) = [event.ms for event in finished]
    (step,) = [each for each in events if isinstance(each, StepCompleted) and not each.final]
    assert slow is not None
    assert quick is not None
    assert slow >= quick
    assert refused is None
    assert step.ms == {"1": slow, "2": quick}
