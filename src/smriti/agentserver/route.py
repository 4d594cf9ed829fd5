"""Routes whose caller may be told in the body."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

_HEADERS: Final = frozenset({b"authorization", b"x-api-key"})


class KeyInBodyRoute(APIRoute):
    """A member `api_key` of the body is as good as the header, which wins."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_key(request: Request) -> Response:
            headers = request.scope["headers"]
            if not any(name in _HEADERS for name, _ in headers):
                key = await _key_in(request)
                if key:
                    headers.append((b"x-api-key", key.encode("latin-1", "replace")))
            return await handle(request)

        return handle_with_key


async def _key_in(request: Request) -> str | None:
    try:
        body = await request.json()
    except (ValueError, RecursionError, ClientDisconnect):  # the route will refuse it
        return None
    key = body.get("api_key") if isinstance(body, dict) else None
    return key if isinstance(key, str) else None
