"""The start page and the files under /app/."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from smriti.core.errors import NotFound
from smriti.web.assets import CODINGS, Asset, Assets
from smriti.web.compression import accepts

STATIC: Final = Path(__file__).parent / "static"
_READ: Final = ["GET", "HEAD"]
_ASK_EACH_TIME: Final = "no-cache"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_NEVER: Final = "no-store"
_DOCUMENT: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types dompurify"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}

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


def pages(assets: Assets) -> APIRouter:
    """The routes of our own pages, which may run our own scripts and nothing else.

    Files stand below the digest of them all: they never change, and no page mixes two versions.
    """
    app = APIRouter(prefix="/app", include_in_schema=False)

    @app.api_route("/", methods=_READ)
    async def show_app(request: Request) -> Response:
        return await _answer(request, assets.page("index.html"), _ASK_EACH_TIME, _DOCUMENT)

    @app.api_route("/docs.html", methods=_READ)
    async def show_documentation(request: Request) -> Response:
        return await _answer(request, assets.page("docs.html"), _ASK_EACH_TIME, _DOCUMENT)

    @app.api_route("/v/{digest}/{path:path}", methods=_READ)
    async def get_file(request: Request, digest: str, path: str) -> Response:
        asset = assets.find(path) if digest == assets.digest else None
        if asset is None:
            raise NotFound(
                "This version of the app has no such file.", headers={"Cache-Control": _NEVER}
            )
        return await _answer(request, asset, _FOR_EVER, {})

    return app


async def _answer(
    request: Request, asset: Asset, caching: str, headers: dict[str, str]
) -> Response:
    headers = {**headers, "Cache-Control": caching, "ETag": asset.etag, "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = asset.content
    for coding in CODINGS:
        if accepts(request.scope, coding.encode()):
            content = await asset.encoded(coding)
            headers["Content-Encoding"] = coding
            break
    return Response(content, media_type=asset.media_type, headers=headers)
