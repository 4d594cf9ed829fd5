"""The one vocabulary of what is said: the same parts are stored, sent to models, and streamed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_KEPT_BYTES: Final = 64 * 1024


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class TextPart(Frozen):
    type: Literal["text"] = "text"
    text: str


class ReasoningPart(Frozen):
    """What the model thought aloud before it answered. Shown to people.

    With a `signature` its provider wants the thought back, unchanged, while the turn goes on. It is
    opaque: the adapter that made it writes its own name before it ("anthropic:…") and sends back
    only what bears that name.
    """

    type: Literal["reasoning"] = "reasoning"
    text: str
    signature: str | None = None


class ImagePart(Frozen):
    type: Literal["image"] = "image"
    media_type: str
    data: str = Field(description="Base64, without a data: prefix.")


class ToolCall(Frozen):
    """A tool that the model asks for. `arguments` is None when they were not a JSON object."""

    type: Literal["tool_call"] = "tool_call"
    call_id: str
    name: str
    arguments: dict[str, Any] | None = None


class ToolResult(Frozen):
    """What a tool answered: text for the model, and whether the tool did what it was asked."""

    type: Literal["tool_result"] = "tool_result"
    call_id: str
    name: str
    text: str
    success: bool = True


type Part = Annotated[
    TextPart | ReasoningPart | ImagePart | ToolCall | ToolResult, Field(discriminator="type")
]

type Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a prompt. An assistant's holds tool calls *and* their results, in order."""

    role: Role
    parts: tuple[Part, ...]
    _wires: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    def _make_wire(self, form: str, make: Callable[[Self], bytes]) -> bytes:
        made = make(self)
        if len(made) <= MAX_KEPT_BYTES:  # what holds an image would double its memory
            self._wires[form] = made
        return made


def wires_of(
    messages: Iterable[ChatMessage], form: str, make: Callable[[ChatMessage], bytes]
) -> bytes:
    """What `make` makes of each, in a row.

    Messages keep it under the name `form`: the same objects are sent turn after turn.
    """
    return b"".join(
        [message._wires.get(form) or message._make_wire(form, make) for message in messages]
    )


class ToolSpec(Frozen):
    """A tool as the model sees it. `parameters` is a JSON Schema object.

    `idempotent`: running a call twice is as good as once, so a crash may be answered by doing so.
    `lasting`: a call is stored before it runs; one that a crash cut off goes on when it runs again.
    `limit_s`: how long a call may take, where that is not the usual.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    idempotent: bool = Field(default=False, exclude=True)
    lasting: bool = Field(default=False, exclude=True)
    limit_s: float | None = Field(default=None, exclude=True)

    @cached_property
    def described(self) -> str:
        """All that the model reads, as text: what its tokens are counted from."""
        return orjson.dumps(self.model_dump()).decode()


def _rounded(number: float) -> float:
    """Without the digits that mean nothing: a table cannot keep numbers as small as 1e-200."""
    return round(number, 6)


_Rounded = AfterValidator(_rounded)


class Sampling(BaseModel):
    """How the model chooses its words; what is None is left to the provider."""

    temperature: Annotated[float, Field(ge=0, le=2), _Rounded] | None = None
    top_p: Annotated[float, Field(ge=0, le=1), _Rounded] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2), _Rounded] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2), _Rounded] | None = None
    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class ModelRequest(Frozen):
    """One call of a model: `system` and `tools` stay byte-identical while memory is unchanged."""

    model: str
    system: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    sampling: Sampling = Sampling()

    def without_tools(self) -> Self:
        return self.model_copy(update={"tools": ()})

    def with_model(self, model: str) -> Self:
        return self.model_copy(update={"model": model})

    def continued(self, *parts: Part) -> Self:
        """The request of the next step: the assistant's newest message grown by `parts`."""
        if not parts:
            return self
        *earlier, last = self.messages
        if last.role == "assistant":
            grown = ChatMessage(role="assistant", parts=(*last.parts, *parts))
            return self.model_copy(update={"messages": (*earlier, grown)})
        said = ChatMessage(role="assistant", parts=parts)
        return self.model_copy(update={"messages": (*self.messages, said)})


type TokenKind = Literal["input", "output", "cached", "reasoning"]


class Usage(BaseModel):
    """Tokens of one or more model calls."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """The other two are parts of these."""
        return self.input_tokens + self.output_tokens

    def by_kind(self) -> list[tuple[TokenKind, int]]:
        return [
            ("input", self.input_tokens),
            ("output", self.output_tokens),
            ("cached", self.cached_tokens),
            ("reasoning", self.reasoning_tokens),
        ]

    def __add__(self, other: Self) -> Self:
        return type(self)(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )
