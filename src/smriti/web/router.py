"""The start page and the static files under /app/."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent / "static"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(request: Request) -> Response:
    """Browsers go to the app; programs are told where the documentation is."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/app/", status_code=307)
    return JSONResponse({"message": "This is Smriti. The API is described at /docs."})


@router.get("/docs")
async def documentation() -> Response:
    return RedirectResponse("/app/docs.html", status_code=307)


class Pages(StaticFiles):
    """Our own files, which may run our own scripts and nothing else."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-cache"
        return response


def pages() -> Pages:
    return Pages(directory=STATIC, html=True)
