"""An answer on the screen."""

from typing import Any

import orjson

from smriti.cli.remote import ChatEvent
from smriti.cli.screen import Screen


class Answer:
    """Shows one turn as it is told. `turn_id` is there once it is known, and so is `failure`."""

    def __init__(self, screen: Screen) -> None:
        self.turn_id: str | None = None
        self.failure: str | None = None
        self._screen = screen
        self._heard = ""

    def take(self, event: ChatEvent) -> None:
        self.turn_id = event.turn_id or self.turn_id
        content = event.content or ""
        match event.event_type:
            case "AGENT_RESPONSE_TO_USER":
                self._heard += content
                self._screen.say(content)
            case "SNAPSHOT":  # all the text so far; some of it is on the screen already
                self._screen.say(content.removeprefix(self._heard))
                self._heard = content
            case "AGENT_THOUGHTS":
                self._screen.think(content)
            case "TURN_RESUMED":
                self._heard = ""
                self._screen.aside("(interrupted; the answer is told anew)")
            case "ERROR":
                self.failure = content
            case _:
                self._remark(event)

    def _remark(self, event: ChatEvent) -> None:
        match event.event_type:
            case "TOOL_CALL_START":
                self._screen.aside(f"> {event.tool_name}({_arguments(event.tool_args or {})})")
            case "TOOL_CALL_RESULT":
                self._screen.aside(f"  {'' if event.success else 'failed: '}{event.content or ''}")
            case "CONNECTION_LOST":
                self._screen.aside("(the connection is lost; trying again)")
            case _:
                pass  # a status, or what a later version knows


def _arguments(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={orjson.dumps(value).decode()}" for name, value in arguments.items())
