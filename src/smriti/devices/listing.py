"""The tools that a device offers, as it lists them and as a model sees them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from smriti.core.errors import UpstreamFailed
from smriti.devices.channel import Channel
from smriti.devices.hub import Peer
from smriti.devices.models import DeviceSession
from smriti.devices.platforms import platform_of
from smriti.devices.protocol import Action, Command, Label, Result, ToolType
from smriti.llm.types import ToolSpec

SECRET: Final = "api_key"  # noqa: S105 - a name, no secret
"""The parameter that a model never sees: it is filled in from the device's settings."""

MOST_TOOLS: Final = 120
CALL_LIMIT_S: Final = 2 * 24 * 3600.0
"""Of a call with all its waiting, for its turn and for a person; each command has a limit, too."""

_LISTING_S: Final = 30.0
_FURTHER_LISTING_S: Final = 10.0
_LONGEST_DESCRIPTION: Final = 2000
_LONGEST_SCHEMA: Final = 16_000
_LONGEST_NAME: Final = 60


class DeviceSilent(UpstreamFailed):
    slug = "device-silent"


@dataclass(frozen=True, slots=True)
class DeviceTool:
    """A tool of a device under the names that the device knows."""

    spec: ToolSpec
    agent_name: str
    tool_name: str
    tool_type: ToolType
    wants_secret: bool


class _Listed(BaseModel):
    model_config = ConfigDict(extra="ignore")

    tool_name: Label = Field(min_length=1)
    tool_type: ToolType = "action"
    description: str | None = None
    input_schema: dict[str, Any] | None = None


async def tools_of(
    peer: Peer, channel: Channel, session: DeviceSession, *, reserved: Iterable[str] = ()
) -> dict[str, DeviceTool]:
    """The device's tools by the names that the model is given, none of them `reserved`.

    `DeviceSilent` when it does not list them.
    """
    platform = platform_of(peer.platform)
    listings = [(agent, kind) for agent in platform.agents for kind in platform.tool_types]
    found: list[tuple[str, _Listed]] = []
    for number, (agent, kind) in enumerate(listings):
        action = Action(tool_name="list_tools", parameters={"tool_type": kind})
        command = command_of(session, agent, action)
        limit_s = _FURTHER_LISTING_S if number else _LISTING_S
        try:
            result = await channel.execute(peer, command, limit_s=limit_s)
        except TimeoutError as silence:
            if number == 0:
                raise DeviceSilent(
                    f"The device did not list its tools within {limit_s:.0f} seconds."
                ) from silence
            continue
        found += [(agent, listed) for listed in _listed(result)]
    return _named(found, set(reserved))


def command_of(session: DeviceSession, agent_name: str, action: Action) -> Command:
    """One action a message: of several, the results of all are lost when one of them is."""
    return Command(
        session_id=session.session_id,
        agent_name=agent_name,
        task_name=session.task_name,
        actions=[action],
    )


def _listed(result: Result) -> Iterator[_Listed]:
    for entry in result.result if isinstance(result.result, list) else ():
        try:
            yield _Listed.model_validate(entry)
        except ValidationError:
            continue


def _named(found: Iterable[tuple[str, _Listed]], taken: set[str]) -> dict[str, DeviceTool]:
    tools: dict[str, DeviceTool] = {}
    known: set[tuple[ToolType, str]] = {("action", "list_tools")}
    for agent, listed in found:
        if (listed.tool_type, listed.tool_name) in known or len(tools) == MOST_TOOLS:
            continue
        known.add((listed.tool_type, listed.tool_name))
        name = _free_name(listed.tool_name, taken)
        taken.add(name)
        tools[name] = _tool(name, agent, listed)
    return tools


def _free_name(wanted: str, taken: set[str]) -> str:
    """As providers want names: letters, digits, `_` and `-`."""
    base = re.sub(r"[^A-Za-z0-9_-]", "_", wanted)[:_LONGEST_NAME]
    names = (base, *(f"{base}_{number}" for number in range(2, MOST_TOOLS + 3)))
    return next(name for name in names if name not in taken)


def _tool(name: str, agent: str, listed: _Listed) -> DeviceTool:
    schema = listed.input_schema or {}
    properties = schema.get("properties")
    known: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
    spec = ToolSpec(
        name=name,
        description=(listed.description or listed.tool_name)[:_LONGEST_DESCRIPTION],
        parameters=_without_secret(schema, known),
        idempotent=True,  # what was sent is never sent again: see `Run`
        limit_s=CALL_LIMIT_S,
    )
    return DeviceTool(spec, agent, listed.tool_name, listed.tool_type, SECRET in known)


def _without_secret(schema: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required")
    shown = {
        **schema,
        "type": "object",
        "properties": {name: value for name, value in properties.items() if name != SECRET},
        "required": [
            name
            for name in (required if isinstance(required, list) else ())
            if name in properties and name != SECRET
        ],
    }
    if len(json.dumps(shown)) > _LONGEST_SCHEMA:
        return {"type": "object", "properties": {}}
    return shown
