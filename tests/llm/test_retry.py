"""Asking again, waiting between, and the model that is asked instead."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from smriti.llm.provider import (
    CallRequested,
    Delayed,
    Finished,
    ModelFailed,
    ModelInfo,
    ProviderEvent,
    ReasoningChunk,
    SwitchedModel,
    TextChunk,
)
from smriti.llm.retry import RetryingProvider
from smriti.llm.types import ModelRequest, ToolCall
from tests.fakes.scripted_provider import ScriptedProvider

REQUEST = ModelRequest(model="big", system="", messages=())
HELLO: list[ProviderEvent] = [TextChunk("Hello"), Finished("stop")]

type Script = Sequence[ProviderEvent | Exception]


def busy(retry_after_s: float | None = None) -> Script:
    return [ModelFailed("It is busy.", transient=True, retry_after_s=retry_after_s)]


class Retries:
    """A scripted model, asked with patience; `heard` is what came, `slept` what was waited."""

    def __init__(self, *scripts: Script, fallback_model: str | None = None) -> None:
        self.model = ScriptedProvider(scripts)
        self.heard: list[ProviderEvent] = []
        self.slept: list[float] = []
        self.provider = RetryingProvider(
            self.model, fallback_model=fallback_model, sleep=self._sleep, chance=lambda: 0.5
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def ask(self) -> None:
        async with aclosing(self.provider.stream(REQUEST)) as events:
            async for event in events:
                self.heard.append(event)

    @property
    def asked(self) -> list[str]:
        return [request.model for request in self.model.requests]


async def test_what_fails_for_the_moment_is_asked_again_after_growing_random_waits() -> None:
    retries = Retries(busy(), busy(), busy(), HELLO)

    await retries.ask()

    assert retries.slept == [0.25, 0.5, 1.0]
    waits = [Delayed(seconds, "It is busy.") for seconds in retries.slept]
    assert retries.heard == [*waits, *HELLO]


async def test_after_four_attempts_the_failure_is_told() -> None:
    retries = Retries(*[busy()] * 4)

    with pytest.raises(ModelFailed, match=r"^It is busy\.$"):
        await retries.ask()

    assert len(retries.slept) == 3


async def test_what_the_server_asks_to_wait_is_waited_at_least() -> None:
    retries = Retries(busy(retry_after_s=30), HELLO)

    await retries.ask()

    assert retries.slept == [30.25]


@pytest.mark.parametrize(
    ("seconds", "told"), [(31, "31 seconds"), (3_000, "50 minutes"), (86_400, "24 hours")]
)
async def test_a_longer_wait_is_told_instead(seconds: float, told: str) -> None:
    retries = Retries(busy(retry_after_s=seconds))

    with pytest.raises(ModelFailed, match=rf"^It is busy\. It asks to wait {told}\.$"):
        await retries.ask()

    assert retries.slept == []


async def test_a_longer_wait_is_a_reason_to_ask_the_fallback_model_at_once() -> None:
    retries = Retries(busy(retry_after_s=60), HELLO, fallback_model="small")

    await retries.ask()

    assert retries.heard == [SwitchedModel("small", "It is busy."), *HELLO]
    assert retries.asked == ["big", "small"]
    assert retries.slept == []


async def test_the_fallback_model_has_attempts_of_its_own() -> None:
    retries = Retries(*[busy()] * 7, HELLO, fallback_model="small")

    await retries.ask()

    assert retries.asked == ["big"] * 4 + ["small"] * 4
    assert retries.slept == [0.25, 0.5, 1.0] * 2


async def test_after_the_fallback_model_there_is_no_other() -> None:
    retries = Retries(*[busy()] * 8, fallback_model="small")

    with pytest.raises(ModelFailed):
        await retries.ask()


async def test_a_fallback_to_the_same_model_is_none() -> None:
    retries = Retries(*[busy()] * 4, fallback_model="big")

    with pytest.raises(ModelFailed):
        await retries.ask()


async def test_what_will_not_pass_is_told_at_once() -> None:
    retries = Retries([ModelFailed("No such model.")], fallback_model="small")

    with pytest.raises(ModelFailed, match="No such model"):
        await retries.ask()


@pytest.mark.parametrize(
    "event",
    [
        TextChunk("Once"),
        ReasoningChunk("Hm"),
        CallRequested(ToolCall(call_id="1", name="n", arguments={})),
    ],
)
async def test_after_the_first_event_a_failure_is_final(event: ProviderEvent) -> None:
    retries = Retries([event, *busy()], fallback_model="small")

    with pytest.raises(ModelFailed):
        await retries.ask()

    assert retries.heard == [event]


class Endless:
    """A model that speaks for ever and notices when nobody listens any more."""

    closed = False

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        try:
            while True:
                yield TextChunk("and ")
        finally:
            self.closed = True

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        return


async def test_leaving_the_reply_closes_the_models_stream() -> None:
    model = Endless()

    async with aclosing(RetryingProvider(model).stream(REQUEST)) as events:
        await anext(events)

    assert model.closed


async def test_a_wait_can_be_cancelled() -> None:
    waiting = asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    model = ScriptedProvider([busy()])
    provider = RetryingProvider(model, sleep=sleep)

    async def ask() -> list[ProviderEvent]:
        return [event async for event in provider.stream(REQUEST)]

    task = asyncio.create_task(ask())
    await waiting.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(model.requests) == 1


async def test_everything_else_is_the_providers_own() -> None:
    info = ModelInfo(model_id="m", model_name="m", display_name="M", provider="P")
    model = ScriptedProvider([], models=[info])
    provider = RetryingProvider(model)

    assert await provider.models() == [info]
    await provider.close()
    assert model.closed
