"""What the older server's clients send, and what they are answered."""

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from smriti.agents.models import Name
from smriti.messages.models import MAX_CONTENT_CHARACTERS
from smriti.turns.relay.pool import Json

MAX_CHARACTER_BYTES: Final = 192 * 1024
MAX_ENV_BYTES: Final = 32 * 1024
"""Encrypted, and with what goes along, both fit an item of the table."""


def _checked(document: dict[str, Any], most_bytes: int) -> dict[str, Any]:
    try:
        size = len(orjson.dumps(document))
    except TypeError as error:
        raise ValueError(
            "holds half of a character, a number of more than 64 bits, or too many levels"
        ) from error
    if size > most_bytes:
        raise ValueError(f"has {size} bytes as JSON; at most {most_bytes} are taken")
    return document


def _nothing(value: object) -> object:
    return {} if value is None else value


type CharacterFile = Annotated[
    dict[str, Any], AfterValidator(lambda given: _checked(given, MAX_CHARACTER_BYTES))
]
type Env = Annotated[
    dict[str, Any],
    AfterValidator(lambda given: _checked(given, MAX_ENV_BYTES)),
    BeforeValidator(_nothing, json_schema_input_type=dict[str, Any] | None),
]


class _Request(BaseModel):
    api_key: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, repr=False, description="A program's API key, unless a header has one."
    )


class SessionCreate(_Request):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "character_file": {"name": "Ada", "bio": ["Knows every engine."]},
                "env_json": {"WEATHER_API_KEY": "secret"},
                "multiple_agents_name": "Ada/",
                "multi_agent_main_name": "Ada",
            }
        }
    )

    character_file: CharacterFile = Field(description="As ElizaOS describes characters.")
    env_json: Env = Field(
        default_factory=dict,
        repr=False,
        description="Secrets, for the servers that the agent is handed on to. Kept encrypted.",
    )
    multi_agent_main_name: Name | None = Field(
        default=None, description="The agent's name, by default the character's."
    )
    multiple_agents_name: Annotated[str, Field(max_length=10_000)] | None = Field(
        default=None, description="Of no effect."
    )


class SessionCreated(BaseModel):
    """Each response has the agent's id at its server, or `status`, `message` and `type` of what
    went wrong there; it is empty when there is no such server."""

    multi_agent_name: str
    eliza_response: dict[str, Any]
    tools_response: dict[str, Any]


class Query(_Request):
    model_config = ConfigDict(
        json_schema_extra={"example": {"query": "Which engine is the best?", "agent_name": "Ada"}}
    )

    query: Annotated[str, Field(min_length=1, max_length=MAX_CONTENT_CHARACTERS)]
    agent_name: Name
    extra_tool_key: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None,
        repr=False,
        description="The `unique_id` under which Tools has keys: from now on, the agent asks it "
        "with this one.",
    )


class Answered(BaseModel):
    """`data1`: what Eliza answered, or an agent of this server, as `text`; `extra_tool_response`:
    what Tools answered. Of one that failed: `status`, `message` and `type`."""

    status: Literal["success"] = "success"
    data1: Json
    extra_tool_response: Json


class InfoRequest(_Request):
    model_config = ConfigDict(json_schema_extra={"example": {"user_id": "ada@example.com"}})

    user_id: Annotated[str, Field(max_length=254)] | int | None = Field(
        default=None, description="Whose agents: nobody's but the key's owner's, by the e-mail."
    )


class AgentsOf(BaseModel):
    user_id: str
    agents: dict[str, str] = Field(description="Names by ids.")


class Info(BaseModel):
    status: Literal["success"] = "success"
    data: AgentsOf


class OlderError(BaseModel):
    """How these routes tell what went wrong. `type` is the last part of a problem's."""

    status: Literal["error"] = "error"
    message: str
    type: str


def failed(message: str, kind: str) -> dict[str, Any]:
    """The same, in the place of one of two answers."""
    return OlderError(message=message, type=kind).model_dump()
