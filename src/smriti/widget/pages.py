"""The script that other people's pages load, and two pages of our own around it."""

import hashlib
import secrets
from html import escape
from pathlib import Path
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from smriti.auth.dependencies import SessionsService
from smriti.core.edge import provide
from smriti.widget.keys.models import PUBLIC_KEY, origin_of
from smriti.widget.keys.router import WidgetKeys
from smriti.widget.sign_in import CALLBACK_PAGE

_STATIC: Final = Path(__file__).parent / "static"
_DEMO_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
    "frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


class WidgetPages:
    """The files, read once; the script is made of its parts."""

    def __init__(self) -> None:
        style, talk, window = (_read(name) for name in ("widget.css", "talk.js", "widget.js"))
        text = orjson.dumps(style).decode()
        self.script = f'(() => {{"use strict";const CSS_TEXT={text};\n{talk}\n{window}}})();\n'
        self.etag = f'"{hashlib.sha256(self.script.encode()).hexdigest()[:16]}"'
        self.demo = _read("demo.html")
        self.callback = _read("callback.html")


async def own_url(request: Request, sessions: SessionsService) -> str:
    return sessions.base_url(request)


OwnUrl = Annotated[str, Depends(own_url)]
Pages = Annotated[WidgetPages, Depends(provide(WidgetPages))]
PublicKey = Annotated[str, Query(pattern=f"^{PUBLIC_KEY}$")]


@router.get("/widget.js")
async def script(request: Request, pages: Pages) -> Response:
    headers = {
        "ETag": pages.etag,
        "Cache-Control": "public, max-age=300",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if pages.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(pages.script, media_type="text/javascript", headers=headers)


@router.get("/widget/demo")
async def demo(pages: Pages, own_url: OwnUrl, key: PublicKey) -> Response:
    """A page that embeds the agent of a key, to look at it."""
    page = pages.demo.replace("{base}", escape(own_url)).replace("{key}", key)
    return HTMLResponse(page, headers={"Content-Security-Policy": _DEMO_POLICY})


@router.get(CALLBACK_PAGE)
async def callback_page(
    pages: Pages,
    own_url: OwnUrl,
    keys: WidgetKeys,
    api_key: PublicKey,
    origin: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Tells the page that opened it who the visitor is, if that is a page that the key names.

    `origin`: of that page. Without it the page is sought among all that may be it.
    """
    key = await keys.verify(api_key)
    known = [*key.allowed_origins, *_origins(own_url)]
    listening = [each for each in known if origin in {None, each}]
    nonce = secrets.token_urlsafe()
    page = pages.callback.replace("{origins}", orjson.dumps(listening).decode())
    return HTMLResponse(
        page.replace("<script>", f'<script nonce="{nonce}">'),
        headers={
            "Content-Security-Policy": f"default-src 'none'; script-src 'nonce-{nonce}'",
            "Cache-Control": "no-store",
        },
    )


def _origins(url: str) -> list[str]:
    """None when the server was called by a name that no page has."""
    try:
        return [origin_of(url)]
    except ValueError:
        return []


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")
