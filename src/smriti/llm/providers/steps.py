"""The steps inside an assistant's message, as every wire API wants them: calls with results."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, assert_never

import orjson

from smriti.llm.types import (
    ChatMessage,
    ImagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
)

NO_RESULT: Final = "Interrupted: this tool call has no result."


@dataclass(slots=True)
class Step:
    """One reply of the model: what it thought, said and asked for, and what the tools answered."""

    thoughts: list[ReasoningPart] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    answered: dict[str, ToolResult] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def results(self) -> list[ToolResult]:
        """One a call, in the order of the calls: servers refuse a call that has none."""
        return [self.answered.get(call.call_id) or _missing(call) for call in self.calls]

    def take(self, part: ReasoningPart | TextPart | ToolCall | ToolResult) -> None:
        match part:
            case ReasoningPart():
                self.thoughts.append(part)
            case TextPart():
                self.texts.append(part.text)
            case ToolCall():
                self.calls.append(part)
            case ToolResult():
                self.answered[part.call_id] = part
            case _:
                assert_never(part)


def steps_of(message: ChatMessage) -> Iterable[Step]:
    """The message's parts in order; what follows a result begins the next step.

    A call without a result gets one that says so; a result without its call is left out.
    """
    steps = [Step()]
    for part in message.parts:
        if isinstance(part, ImagePart):
            continue
        if steps[-1].answered and not isinstance(part, ToolResult):
            steps.append(Step())
        steps[-1].take(part)
    return steps


def arguments_json(call: ToolCall) -> str:
    """The arguments as a model wrote them: in JSON."""
    # Sorted, because a store may give members back in another order, and prompt caches see bytes.
    return orjson.dumps(call.arguments or {}, option=orjson.OPT_SORT_KEYS).decode()


def _missing(call: ToolCall) -> ToolResult:
    return ToolResult(call_id=call.call_id, name=call.name, text=NO_RESULT, success=False)
