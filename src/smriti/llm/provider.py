"""The provider port: a neutral request in, a stream of typed events out."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pydantic import BaseModel

from smriti.core.errors import UpstreamFailed
from smriti.llm.types import ModelRequest, ToolCall, Usage


@dataclass(frozen=True, slots=True)
class TextChunk:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningChunk:
    """A piece of a thought. One with a `signature` ends the thought; its text may be empty."""

    text: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class CallRequested:
    """A whole tool call: adapters collect its pieces."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class TokensUsed:
    usage: Usage


type FinishReason = Literal["stop", "length", "tool_calls", "refused"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every stream that did not fail."""

    reason: FinishReason


@dataclass(frozen=True, slots=True)
class Delayed:
    """The model failed for the moment; it is asked again in so many seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class SwitchedModel:
    """The model was given up; this one is asked from now on."""

    model: str
    reason: str


type ProviderEvent = (
    TextChunk | ReasoningChunk | CallRequested | TokensUsed | Finished | Delayed | SwitchedModel
)


QUOTE: Final = " It said: "
"""What stands in an error's sentence before the words of the model's server."""


class ModelFailed(UpstreamFailed):
    """The model did not answer, or not to the end. The text is for the person who asked.

    `transient`: the same request may succeed a moment later (overload, a rate limit, a connection
    that could not be made); the server asks to wait `retry_after_s` seconds if that is given.
    """

    slug = "model-failed"

    def __init__(
        self, detail: str, *, transient: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.transient = transient
        self.retry_after_s = retry_after_s

    @property
    def in_our_words(self) -> str:
        """The sentence without anything that the server said."""
        return self.detail.partition(QUOTE)[0]


def chosen_model(request: ModelRequest, default: str) -> str:
    """The model to ask; `ModelFailed` when neither the agent nor the settings name one."""
    if model := request.model or default:
        return model
    raise ModelFailed("No model is chosen. Name one in the agent or in the settings.")


class ModelInfo(BaseModel):
    """A model that a provider offers."""

    model_id: str
    model_name: str
    display_name: str
    provider: str


class Provider(Protocol):
    """A connection to one model provider with one user's credentials."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        """The model's reply. `ModelFailed` before the first event, or when it breaks off."""
        ...

    async def models(self) -> list[ModelInfo]:
        """What it offers; `ModelFailed` when it cannot be asked."""
        ...

    async def close(self) -> None:
        """Let go of the network. Streams that still run end first; a later one opens it anew."""
        ...


type Credentials = dict[str, str]
"""The values of a provider's form, as the user saved them."""

type ProviderFactory = Callable[[Credentials], Provider]

type ProviderFactories = dict[str, ProviderFactory]
"""One factory per provider name; `wiring.py` fills it."""
