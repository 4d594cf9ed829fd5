"""Routes whose POST may be repeated: `APIRouter(route_class=IdempotentRoute)` is all it takes.

No dependency: the framework would resolve it, with the caller, for requests without a key as well.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from smriti.auth.idempotency.models import MAX_ANSWER_BYTES, Answer, IdempotencyRecord
from smriti.auth.idempotency.service import Idempotency
from smriti.auth.keys.dependencies import caller_of
from smriti.core.edge import Services
from smriti.core.errors import AppError, BadRequest, Invalid

HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[ -~]{1,255}")
_PARAMETER: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "description": "Any text of your own, best a random one. For 24 hours the same request with "
    "the same key is not done again but answered as the first time, with the header "
    "`Idempotency-Replayed: true`; another request with that key is refused (422).",
}


type Admit = Callable[[Request], Awaitable[None]]
"""The application's `state.admit`: what a request must pass before it is done or answered again."""


class InvalidKey(Invalid):
    slug = "idempotency-key-invalid"

    def __init__(self) -> None:
        message = "must be 1 to 255 printable ASCII characters"
        error = {"type": "idempotency_key", "loc": ["header", HEADER], "msg": message}
        super().__init__(f"{HEADER} {message}.", errors=[error])


class BodyNotArrived(BadRequest):
    def __init__(self) -> None:
        super().__init__("The request's body has not arrived.")


class IdempotentRoute(APIRoute):
    """A POST with an `Idempotency-Key` is done once; repeated, it is answered as the first time.

    An answer that is `no-store`, because it holds a secret, is given once only. For what a crash
    must not make twice, a route asks for a `NewId` and makes it under that.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in options["methods"]:
            extra = options.get("openapi_extra") or {}
            options["openapi_extra"] = {**extra, "parameters": [_PARAMETER]}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            if request.method != "POST" or HEADER not in request.headers:
                return await handle(request)
            admit: Admit = request.app.state.admit
            await admit(request)
            services: Services = request.app.state.services
            idempotency = services.get(Idempotency)
            claim = await self._begin(request, idempotency)
            if claim.answer is not None:
                return _again(claim.answer)
            request.state.claim = claim
            try:
                response = await handle(request)
            except Exception as error:
                await idempotency.release(claim, refused=_is_refusal(error))
                raise
            await idempotency.finish(claim, _answer(response))
            return response

        return handle_once

    async def content_of(self, request: Request) -> bytes:
        """What tells a request from another one at the same path: its body."""
        try:
            return await request.body()
        except ClientDisconnect as error:
            raise BodyNotArrived from error

    async def _begin(self, request: Request, idempotency: Idempotency) -> IdempotencyRecord:
        user, api_key = await caller_of(request)
        key = request.headers[HEADER]
        if not _KEY.fullmatch(key):
            raise InvalidKey
        if api_key is not None:  # a program hears nothing of what others were answered
            key = f"{api_key.key_id} {key}"
        line = f"{request.method} {request.url.path}\n"
        content = await self.content_of(request)
        return await idempotency.begin(user.email, key, line.encode() + content)


def _is_refusal(error: Exception) -> bool:
    """Whether nothing was made; after any other failure nobody knows."""
    match error:
        case RequestValidationError():
            return True
        case AppError(status=status) | HTTPException(status_code=status):
            return status < 500
        case _:
            return False


def _answer(response: Response) -> Answer | None:
    """What may be given again."""
    secret = "no-store" in response.headers.get("Cache-Control", "")
    if secret or len(response.body) > MAX_ANSWER_BYTES:
        return None
    return Answer(
        status=response.status_code,
        content_type=response.headers["Content-Type"],
        body=bytes(response.body).decode(),
    )


def _again(answer: Answer) -> Response:
    headers = {"Content-Type": answer.content_type, "Idempotency-Replayed": "true"}
    return Response(answer.body, answer.status, headers)
