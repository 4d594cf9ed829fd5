"""Where HTTP meets the rest: exceptions become problems, services reach routes."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import orjson
import structlog
from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match, Mount

from smriti.core.errors import AppError, Invalid
from smriti.core.paging import PageRequest

log = structlog.get_logger()


class Problem(BaseModel):
    """The error document (RFC 9457) that every failing operation answers."""

    type: str
    title: str
    status: int
    detail: str | dict[str, Any]
    path: str | None = None


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, default=str)


_PROBLEM = {ProblemResponse.media_type: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"content": _PROBLEM, "description": "What the caller can mend."},
    "5XX": {"content": _PROBLEM, "description": "What the caller cannot."},
}


class DocumentedAPI(FastAPI):
    """The framework's application. Its document knows the schema that `PROBLEMS` refers to.

    Given as a `model`, the framework would document problems as plain `application/json`.
    """

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return document


class Services:
    """The long-lived objects of the process, one per type."""

    def __init__(self, *services: object) -> None:
        self._by_type: dict[type, object] = {}
        self.add(*services)

    def add(self, *services: object) -> None:
        self._by_type |= {type(service): service for service in services}

    def get[T](self, kind: type[T]) -> T:
        service = self._by_type[kind]
        assert isinstance(service, kind)
        return service

    def find[T](self, kind: type[T]) -> T | None:
        """None where the feature is not configured."""
        return self.get(kind) if kind in self._by_type else None


def provide[T](kind: type[T]) -> Callable[[HTTPConnection], Awaitable[T]]:
    """A dependency that hands a route the process's one `kind`."""

    async def from_app(connection: HTTPConnection) -> T:
        services: Services = connection.app.state.services
        return services.get(kind)

    return from_app


async def page_request(
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 20,
    cursor: Annotated[
        str | None,
        Query(
            max_length=4096, description="The `next_cursor` of the page before; none: the first."
        ),
    ] = None,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor or None)


Paging = Annotated[PageRequest, Depends(page_request)]


def render_problem(error: AppError, path: str) -> Response:
    return ProblemResponse(
        error.problem() | {"path": path}, status_code=error.status, headers=error.headers
    )


def internal_error(path: str) -> Response:
    """What a bug looks like from outside: fixed text, the log has the rest."""
    return render_problem(AppError("Internal server error"), path)


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(StarletteHTTPException, _framework_error)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return render_problem(error, request.url.path)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_shown(entry) for entry in error.errors()]
    return render_problem(Invalid("Validation error", errors=errors), request.url.path)


def _shown(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A validation error without the input: it may be large, secret, or impossible to serialise."""
    return {
        "type": entry["type"],
        "loc": [part if isinstance(part, int) else _plain(str(part)) for part in entry["loc"]],
        "msg": _plain(entry["msg"]),
    }


def _plain(text: str) -> str:
    """Text that JSON can carry: lone surrogates become question marks."""
    return text.encode("utf-8", "replace").decode()


async def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    title = str(error.detail)
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods_of(request)):
        headers["Allow"] = ", ".join(methods)
    return ProblemResponse(
        {
            "type": "about:blank",
            "title": title,
            "status": error.status_code,
            "detail": title,
            "path": request.url.path,
        },
        status_code=error.status_code,
        headers=headers,
    )


def _methods_of(request: Request) -> list[str]:
    """Every method that the path has: the framework names only those of one of its routes."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    return [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]
