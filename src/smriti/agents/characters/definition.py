"""The agent that a character becomes."""

import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from smriti.agents.characters.models import Character
from smriti.agents.characters.persona import persona_of
from smriti.agents.models import AgentCreate
from smriti.llm.types import Sampling

_PROVIDER: Final = re.compile(r"\b(?:(openai)|(anthropic)|(bedrock))\b", re.IGNORECASE)
_PROVIDERS: Final = ("OpenAI", "Anthropic", "Bedrock")
_SAMPLING: Final = {
    "temperature": "temperature",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "maxTokens": "max_output_tokens",
    "maxOutputTokens": "max_output_tokens",
}
_MAX_LABEL: Final = 200


def agent_of(
    character: Character, *, architecture: str = "krishna-memgpt", provider: str = "Demo"
) -> AgentCreate:
    """Its definition; `provider` is for a character that names none.

    What it names may be unknown here: it is not checked.
    """
    model = character.settings.get("model") if character.provider else None
    return AgentCreate(
        agent_name=character.name,
        agent_architecture=architecture,
        agent_provider=provider_of(character) or provider,
        agent_persona=persona_of(character),
        agent_model=_label(model) if isinstance(model, str) else None,
        **dict(_sampling_of(character.settings)),
    )


def provider_of(character: Character) -> str | None:
    """What it names itself, or the first of its plugins that is for a provider of ours."""
    for named in (character.provider, *character.plugins):
        if isinstance(named, str) and (found := _PROVIDER.search(named)):
            return _PROVIDERS[(found.lastindex or 1) - 1]
    return _label(character.provider)


def _label(text: str) -> str | None:
    return text.strip()[:_MAX_LABEL].strip() or None


def _sampling_of(settings: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What it sets and may be set here."""
    nested = settings.get("modelConfig")
    asked = settings | (nested if isinstance(nested, dict) else {})
    for theirs, ours in _SAMPLING.items():
        try:
            value = getattr(Sampling.model_validate({ours: asked.get(theirs)}), ours)
        except ValidationError:
            continue
        if value is not None:
            yield ours, value
