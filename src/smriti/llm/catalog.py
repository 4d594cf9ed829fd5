"""What models can do and what they cost: as far as their names tell, and as the operator says."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, TypedDict

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from smriti.core.config import ConfigurationError, faults_of
from smriti.llm.families import FAMILIES, PRICES, UNKNOWN, ModelTraits, first_match
from smriti.llm.types import Usage

type ContextTokens = Annotated[int, Field(ge=1_000, le=10_000_000)]
type _Price = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None

_REMEMBERED: Final = 1024

# "us.anthropic.claude-…": where a model is served, and whose it is.
_VENDOR: Final = re.compile(r"^([a-z-]+\.)+(?=[a-z])", re.IGNORECASE)


@with_config(ConfigDict(extra="forbid"))
class Override(TypedDict, total=False):
    """What the operator says of a family; the rest is as it was. A price of null is none."""

    context_tokens: ContextTokens
    max_output_tokens: Annotated[int, Field(ge=1, le=10_000_000)]
    sees_images: bool
    takes_tools: bool
    input_price: _Price
    cached_price: _Price
    output_price: _Price


_FILE: Final = TypeAdapter(dict[str, Override])


class Catalog:
    """The built-in families under the operator's overrides, of which the first match wins.

    Patterns are regular expressions for the beginning of a model's name, in any case. An override
    may also begin with the vendor ("openai/gpt-5").
    """

    def __init__(self, overrides: Mapping[str, Override] | None = None) -> None:
        """`re.PatternError` when a pattern is none."""
        self._overrides = [
            (re.compile(pattern, re.IGNORECASE), override)
            for pattern, override in (overrides or {}).items()
        ]
        self._traits = lru_cache(_REMEMBERED)(self._find_traits)  # a hundred patterns are tried

    def traits_of(self, model_id: str, *, context_tokens: int | None = None) -> ModelTraits:
        """What the model is known to do; careful guesses for one that is not known.

        `context_tokens` is an agent's own word for the window.
        """
        traits = self._traits(model_id)
        return replace(traits, context_tokens=context_tokens) if context_tokens else traits

    def _find_traits(self, model_id: str) -> ModelTraits:
        name = _VENDOR.sub("", model_id.rpartition("/")[2], count=1)
        traits = first_match(FAMILIES, name) or UNKNOWN
        if prices := first_match(PRICES, name):
            fresh, cached, output = prices
            traits = replace(traits, input_price=fresh, cached_price=cached, output_price=output)
        return replace(traits, **(first_match(self._overrides, model_id, name) or {}))

    def cost(self, model_id: str, usage: Usage) -> float | None:
        """What these tokens cost in US dollars, None where the price is not known.

        Input includes what was cached, output what was reasoning.
        """
        traits = self.traits_of(model_id)
        fresh_price, output_price = traits.input_price, traits.output_price
        if fresh_price is None or output_price is None:
            return None
        cached_price = fresh_price if traits.cached_price is None else traits.cached_price
        fresh_tokens = max(usage.input_tokens - usage.cached_tokens, 0)
        cost = (
            fresh_tokens * fresh_price
            + usage.cached_tokens * cached_price
            + usage.output_tokens * output_price
        )
        return cost / 1_000_000


BUILT_IN: Final = Catalog()
"""What is known without an operator's word."""


def load_catalog(path: Path | None = None) -> Catalog:
    """The catalogue with the overrides of this file (MODEL_CATALOG).

    `ConfigurationError` names the file and the entry in it.
    """
    if path is None:
        return BUILT_IN
    try:
        overrides = _FILE.validate_json(path.read_bytes())
        return Catalog(overrides)
    except OSError as error:
        raise ConfigurationError(f"MODEL_CATALOG: {path} cannot be read: {error}.") from error
    except ValidationError as error:
        raise ConfigurationError(f"MODEL_CATALOG: {path}: {faults_of(error)}") from error
    except re.PatternError as error:
        raise ConfigurationError(
            f"MODEL_CATALOG: {path}: {error.pattern!r} is no regular expression: {error}."
        ) from error


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` is, on the high side, in a fraction of a tokenizer's time.

    English averages four characters a token. What is beyond ASCII takes more: half a token is added
    for each further UTF-8 byte, which gives 0.75 for a Cyrillic letter and 1.25 for a Chinese sign.
    """
    if not text:
        return 0
    characters = len(text)
    further = 0 if text.isascii() else len(text.encode(errors="replace")) - characters
    return characters // 4 + further // 2 + 1
