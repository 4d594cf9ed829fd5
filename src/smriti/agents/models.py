"""What an agent is, and what a caller may send to make or change one."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from smriti.core.clock import new_id, utc_now
from smriti.llm.catalog import ContextTokens
from smriti.llm.types import Sampling

DEFAULT_SESSION_TIMEOUT_MINUTES = 60
MAX_PERSONA = 20_000
"""Characters."""

type Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
type Persona = Annotated[str, Field(min_length=1, max_length=MAX_PERSONA)]
type Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
type Minutes = Annotated[int, Field(ge=0, le=525_600)]


def _chosen(value: object) -> object:
    """A form submits one of its options as text; `none` takes away what there was."""
    match value:
        case "none":
            return []
        case "devices":
            return [value]
        case _:
            return value


type Capabilities = Annotated[
    list[Label],
    Field(max_length=20),
    BeforeValidator(_chosen, json_schema_input_type=list[Label] | Literal["devices", "none"]),
]


class Tuning(Sampling):
    """How the model is used; what is None is left to the provider and to the catalogue.

    `fallback_model`, of the same provider, is asked when the agent's model is overloaded.
    """

    context_tokens: ContextTokens | None = None
    fallback_model: Label | None = None


class Agent(Tuning):
    """A definition: name, persona, model and how it thinks. Times are UTC."""

    agent_id: str = Field(default_factory=new_id)
    agent_name: str
    agent_architecture: str
    agent_provider: str
    agent_model: str | None = None
    agent_persona: str
    session_timeout_minutes: int = DEFAULT_SESSION_TIMEOUT_MINUTES
    capabilities: list[str] = Field(default_factory=list)
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime | None = None

    @property
    def sampling(self) -> Sampling:
        return Sampling(**{name: getattr(self, name) for name in Sampling.model_fields})


class _FormValues(Tuning):
    """Forms submit flat text, an empty one for every field that was left alone."""

    @model_validator(mode="before")
    @classmethod
    def _untouched_fields_are_absent(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value != ""}


class AgentCreate(_FormValues):
    """A form: numbers may come as text, and an empty text is as good as nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "agent_name": "Librarian",
                "agent_architecture": "krishna-memgpt",
                "agent_provider": "Demo",
                "agent_persona": "Knows every shelf.",
            }
        }
    )

    agent_name: Name
    agent_architecture: Label
    agent_provider: Label
    agent_persona: Persona
    agent_model: Label | None = None
    session_timeout_minutes: Minutes = DEFAULT_SESSION_TIMEOUT_MINUTES
    capabilities: Capabilities = Field(default_factory=list)


class AgentUpdate(_FormValues):
    """A partial change. Null clears what may be left open and is ignored elsewhere.

    A new name must not be that of another agent.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"agent_persona": "Knows every shelf by heart.", "temperature": 0.3}
        }
    )

    agent_name: Name | None = None
    agent_architecture: Label | None = None
    agent_provider: Label | None = None
    agent_persona: Persona | None = None
    agent_model: Label | None = None
    session_timeout_minutes: Minutes | None = None
    capabilities: Capabilities | None = None

    @model_validator(mode="after")
    def _null_is_no_change(self) -> Self:
        for name in self.model_fields_set - Tuning.model_fields.keys():
            if getattr(self, name) is None:
                self.model_fields_set.discard(name)
        return self
