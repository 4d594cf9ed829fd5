"""Asking a model for a text, outside of any turn: titles, compaction, summaries."""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from smriti.llm.families import ModelTraits
from smriti.llm.provider import Provider, TextChunk
from smriti.llm.types import ChatMessage, ModelRequest, Sampling, TextPart

_ANSWER_SHARE: Final = 4
_MAX_ANSWER_TOKENS: Final = 16_000
_READING_SHARE: Final = 2
_MAX_READING_TOKENS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Ask:
    """A model, to be asked in the background. Who asks bounds the time."""

    provider: Provider
    model: str
    traits: ModelTraits

    async def __call__(self, system: str, text: str, max_tokens: int) -> str:
        """What the model says to `text`; `ModelFailed`."""
        asked = ChatMessage(role="user", parts=(TextPart(text=text),))
        request = ModelRequest(
            model=self.model,
            system=system,
            messages=(asked,),
            sampling=Sampling(max_output_tokens=max_tokens),
        )
        async with aclosing(self.provider.stream(request)) as events:
            return "".join([event.text async for event in events if isinstance(event, TextChunk)])

    @property
    def answer_tokens(self) -> int:
        """The longest answer worth asking for; thoughts count too, where a model thinks first."""
        share = self.traits.context_tokens // _ANSWER_SHARE
        return min(self.traits.max_output_tokens, share, _MAX_ANSWER_TOKENS)

    @property
    def reading_tokens(self) -> int:
        """The longest text to give to the model at once: with it, task and answer have room.

        Of more than that even large models keep little.
        """
        return min(self.traits.context_tokens // _READING_SHARE, _MAX_READING_TOKENS)
