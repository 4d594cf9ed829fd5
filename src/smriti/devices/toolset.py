"""A device's commands as tools: what is sent to it, and how the model reads the answer."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from smriti.devices.channel import Channel
from smriti.devices.hub import Peer
from smriti.devices.listing import SECRET, DeviceTool, command_of
from smriti.devices.models import DeviceSession
from smriti.devices.protocol import Action, Result
from smriti.llm.types import ToolCall, ToolSpec
from smriti.tools.toolset import ToolFailed

SHOWN: Final = 8_000
"""Characters of a result that the model is shown: the beginning and the end."""

_TAIL: Final = 3_000
_MOST_MEMBERS: Final = 500
_COMMAND_S: Final = 180.0
_LONGEST_COMMAND_S: Final = 6_000.0
_GRACE_S: Final = 150.0
"""Beyond what the command may take: a person at the device may be asked first."""

_OUR_TAG: Final = re.compile(r"<(?=\s{0,9}/?\s{0,9}device_(?:output|info))", re.IGNORECASE)


class DeviceTools:
    """The tools of one device for one session; one that it lacks is never sent to it.

    `secret` is put where a tool wants its `api_key`, and taken out of what comes back.
    """

    def __init__(
        self,
        peer: Peer,
        channel: Channel,
        session: DeviceSession,
        tools: Mapping[str, DeviceTool],
        *,
        secret: str | None,
    ) -> None:
        self._peer = peer
        self._channel = channel
        self._session = session
        self._tools = tools
        self._secret = secret

    def specs(self) -> Sequence[ToolSpec]:
        return [tool.spec for tool in self._tools.values()]

    async def call(self, call: ToolCall) -> str:
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            raise ToolFailed(f"The device has no tool {call.name!r}. Its tools are: {known}.")
        arguments = self._arguments(tool, call.arguments or {})
        action = Action(tool_name=tool.tool_name, tool_type=tool.tool_type, parameters=arguments)
        command = command_of(self._session, tool.agent_name, action)
        limit_s = time_limit_s(arguments)
        try:
            result = await self._channel.execute(self._peer, command, limit_s=limit_s)
        except TimeoutError as silence:
            raise ToolFailed(
                f"The device did not answer within {limit_s:.0f} seconds. It may still be at work: "
                "look what has happened before you call again."
            ) from silence
        return self._told(call.name, result)

    def _arguments(self, tool: DeviceTool, asked: Mapping[str, Any]) -> dict[str, Any]:
        arguments = {name: value for name, value in asked.items() if name != SECRET}
        if not tool.wants_secret:
            return arguments
        if self._secret is None:
            raise ToolFailed(
                f"{tool.tool_name} wants an {SECRET}, and none is saved for this device. Its owner "
                "saves it in the device's settings (tool_api_key)."
            )
        return arguments | {SECRET: self._secret}

    def _told(self, name: str, result: Result) -> str:
        failed = result.status != "success" or _says_failure(result.result)
        content = result.error if result.result is None and result.error else result.result
        text = self._without_secret(content if isinstance(content, str) else _json(content))
        body = f'<device_output tool="{name}">\n{untagged(_cut(text))}\n</device_output>'
        if failed:
            raise ToolFailed(f"It has failed.\n{body}")
        return body

    def _without_secret(self, text: str) -> str:
        if not self._secret:
            return text
        for form in (self._secret, _json(self._secret)[1:-1]):
            text = text.replace(form, f"[{SECRET}]")
        return text


def untagged(text: str) -> str:
    """Text of a machine that cannot end the part of a prompt that holds it."""
    return _OUR_TAG.sub("&lt;", text)


def time_limit_s(arguments: Mapping[str, Any]) -> float:
    own = arguments.get("timeout")
    if isinstance(own, bool) or not isinstance(own, int | float) or own <= 0:
        return _COMMAND_S
    return min(own + _GRACE_S, _LONGEST_COMMAND_S)


def _says_failure(value: object) -> bool:
    """A tool that returns a failure is a success on the wire: `{"success": false, …}`."""
    return isinstance(value, dict) and value.get("success") is False


def _json(value: object) -> str:
    if value is None:
        return "(nothing: the result is empty)"
    return json.dumps(_bounded(value), ensure_ascii=False)


def _bounded(value: Any) -> Any:
    """Without what would be cut anyway: results of many megabytes must not stop the loop."""
    match value:
        case str():
            return _picture(value) or _cut(value)
        case list():
            return [_bounded(item) for item in islice(value, _MOST_MEMBERS)]
        case dict():
            members = islice(value.items(), _MOST_MEMBERS)
            return {name[:SHOWN]: _bounded(item) for name, item in members}
        case _:
            return value


def _picture(text: str) -> str | None:
    if not text.startswith("data:image/"):
        return None
    return f"[a picture of {len(text)} characters; it cannot be shown]"


def _cut(text: str) -> str:
    if len(text) <= SHOWN:
        return text
    left_out = len(text) - SHOWN
    return f"{text[: SHOWN - _TAIL]}\n[{left_out} characters left out]\n{text[-_TAIL:]}"
