"""Problems in the form that the older server's clients know."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smriti.agentserver.models import OlderError

_PROBLEM: Final = "application/problem+json"


class OlderErrors:
    """Around everything that may refuse a request: at these paths, problems are told as
    `{"status": "error", "message", "type"}`. Status and headers stay."""

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self._app = app
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def translated(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            told = orjson.dumps(older_error(orjson.loads(body)).model_dump())
            headers = MutableHeaders(scope=start)
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(told))
            await send(start)
            await send({"type": "http.response.body", "body": told})

        await self._app(scope, receive, translated)


def older_error(problem: Mapping[str, Any]) -> OlderError:
    detail = problem["detail"]
    message = str(detail.get("message", "")) if isinstance(detail, dict) else str(detail)
    for error in problem.get("errors", [])[:1]:
        place = ".".join(str(part) for part in error["loc"][1:])
        message = f"{place}: {error['msg']}" if place else error["msg"]
    return OlderError(message=message, type=str(problem["type"]).rpartition("/")[2])


def _is_problem(start: Message) -> bool:
    return MutableHeaders(scope=start).get("content-type", "").startswith(_PROBLEM)
