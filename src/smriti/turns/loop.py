"""The loop: ask the model, run the tools it asks for, ask again. Knows no HTTP and no storage."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from typing import Final, assert_never

from smriti.llm.provider import (
    CallRequested,
    Delayed,
    Finished,
    FinishReason,
    Provider,
    ProviderEvent,
    ReasoningChunk,
    SwitchedModel,
    TextChunk,
    TokensUsed,
)
from smriti.llm.types import (
    ModelRequest,
    Part,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
)
from smriti.tools.toolset import Timed, Toolset, run_again, run_tools
from smriti.turns.events import (
    LoopEvent,
    Notice,
    ReasoningDelta,
    ReplyEnded,
    StepCompleted,
    TextDelta,
    ToolFinished,
    ToolStarted,
)


class Reply:
    """One model reply, collected from its pieces. `used`: the ids of the turn's earlier calls."""

    def __init__(self, model: str, used: Iterable[str] = ()) -> None:
        self.model = model
        self._used = set(used)
        self._text: list[str] = []
        self._thoughts: list[ReasoningPart] = []
        self._thought: list[str] = []
        self.calls: list[ToolCall] = []
        self.usage = Usage()
        self.finish_reason: FinishReason = "stop"

    def add(self, event: ProviderEvent) -> TextDelta | ReasoningDelta | Notice | None:
        """Take the piece in; answer what of it is shown at once."""
        match event:
            case TextChunk(text):
                self._text.append(text)
                return TextDelta.model_construct(text=text)
            case ReasoningChunk():
                return self._think(event)
            case Delayed() | SwitchedModel():
                return self._heed(event)
            case CallRequested(call):
                self.calls.append(self._named(call))
            case TokensUsed(usage):
                self.usage += usage
            case Finished(reason):
                self.finish_reason = reason
            case _:
                assert_never(event)
        return None

    def _named(self, call: ToolCall) -> ToolCall:
        """The call under an id of its own: some servers begin to count again with every reply."""
        call_id, again = call.call_id, count(2)
        while call_id in self._used:
            call_id = f"{call.call_id}_{next(again)}"
        self._used.add(call_id)
        return call.model_copy(update={"call_id": call_id})

    def _think(self, chunk: ReasoningChunk) -> ReasoningDelta | None:
        self._thought.append(chunk.text)
        if chunk.signature is not None:
            self._end_thought(chunk.signature)
        return ReasoningDelta.model_construct(text=chunk.text) if chunk.text else None

    def _heed(self, event: Delayed | SwitchedModel) -> Notice:
        """Say why there is no answer yet."""
        if isinstance(event, Delayed):
            when = f"in {event.seconds:.0f} seconds" if event.seconds >= 1.5 else "in a moment"
            return Notice(text=f"Asking the model again {when}. {event.reason}")
        self.model = event.model
        return Notice(text=f"Asking the fallback model {event.model!r} instead. {event.reason}")

    def _end_thought(self, signature: str | None = None) -> None:
        thought = ReasoningPart(text="".join(self._thought), signature=signature)
        self._thoughts.append(thought)
        self._thought.clear()

    @property
    def parts(self) -> list[Part]:
        if self._thought:
            self._end_thought()
        parts: list[Part] = list(self._thoughts)
        if self._text:
            parts.append(TextPart(text="".join(self._text)))
        return parts + list(self.calls)

    def ended(self, *, without_calls: bool = False, repeatable: bool = True) -> ReplyEnded:
        parts = self.parts
        if without_calls:
            parts = [part for part in parts if part.type != "tool_call"]
        return ReplyEnded(
            model=self.model,
            parts=parts,
            usage=self.usage,
            finish_reason=self.finish_reason,
            repeatable=repeatable,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """What an earlier attempt has done: whole steps, and calls whose results a crash has hidden."""

    steps: int = 0
    open_calls: tuple[ToolCall, ...] = ()


NOTHING: Final = Progress()


async def run_steps(
    request: ModelRequest,
    provider: Provider,
    tools: Toolset,
    *,
    max_steps: int,
    done: Progress = NOTHING,
) -> AsyncGenerator[LoopEvent]:
    """Steps until the model stops asking for tools; the last of them is `final`.

    When `max_steps` are used up the model is asked once more, without tools, for a closing answer.
    `request` holds what is `done`.
    """
    timed = Timed(tools)
    results = await run_again(timed, done.open_calls, _repeatable(tools))
    for told in _told(results, timed):
        yield told
    request = request.continued(*results)

    for step in range(done.steps, max_steps + 1):
        closing = step == max_steps
        reply = Reply(request.model, _call_ids(request))
        async with aclosing(provider.stream(_asked(request, closing=closing))) as pieces:
            async for piece in pieces:
                shown = reply.add(piece)
                if shown is not None:
                    yield shown

        if closing or not reply.calls:
            yield reply.ended(without_calls=True)
            yield StepCompleted(final=True)
            return

        for call in reply.calls:
            yield ToolStarted(call=call)
        yield reply.ended(repeatable=_idempotent(tools, reply.calls))
        results = await run_tools(timed, reply.calls)
        request = request.continued(*reply.parts, *results).with_model(reply.model)
        for told in _told(results, timed):
            yield told


def _repeatable(tools: Toolset) -> set[str]:
    return {spec.name for spec in tools.specs() if spec.idempotent or spec.lasting}


def _idempotent(tools: Toolset, calls: Sequence[ToolCall]) -> bool:
    """Whether all of these calls could run twice though nothing is kept of them."""
    idempotent = {spec.name for spec in tools.specs() if spec.idempotent}
    return idempotent.issuperset(call.name for call in calls)


def _call_ids(request: ModelRequest) -> list[str]:
    """Those of the turn so far: all that followed the question."""
    return [part.call_id for part in request.messages[-1].parts if isinstance(part, ToolCall)]


def _asked(request: ModelRequest, *, closing: bool) -> ModelRequest:
    return request.without_tools() if closing else request


def _told(results: Sequence[ToolResult], timed: Timed) -> list[ToolFinished | StepCompleted]:
    if not results:
        return []
    ms = {each.call_id: timed.ms[each.call_id] for each in results if each.call_id in timed.ms}
    finished = [ToolFinished(result=each, ms=ms.get(each.call_id)) for each in results]
    return [*finished, StepCompleted(results=results, ms=ms)]
