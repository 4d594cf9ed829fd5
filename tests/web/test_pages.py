"""The start page and the files of the web app."""

import gzip
import re
from collections.abc import Callable
from typing import Final

import brotli
import pytest

from smriti.web.assets import Assets
from smriti.web.router import STATIC
from tests.home import Home

_DIGEST: Final = Assets(STATIC).digest
_OWN_SCRIPTS: Final = [file for file in STATIC.rglob("*.js") if file.parent.name != "vendor"]


async def test_browsers_are_sent_to_the_app_and_programs_to_the_documentation(home: Home) -> None:
    browser = await home.client.get("/", headers={"Accept": "text/html,*/*"})
    program = await home.client.get("/", headers={"Accept": "*/*"})

    assert (browser.status_code, browser.headers["location"]) == (307, "/app/")
    assert program.json() == {"message": "This is Smriti. The API is described at /docs."}


@pytest.mark.parametrize("path", ["/app/", "/app/docs.html"])
async def test_pages_may_run_their_own_scripts_only(home: Home, path: str) -> None:
    response = await home.client.get(path)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= {*policy}
    assert {"require-trusted-types-for 'script'", "trusted-types dompurify"} <= {*policy}
    assert "unsafe" not in " ".join(policy)
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/app/", "/app/docs.html"])
async def test_a_page_is_asked_for_each_time_and_sent_once(home: Home, path: str) -> None:
    first = await home.client.get(path)
    again = await home.client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


async def test_a_page_names_the_files_of_its_version(home: Home) -> None:
    page = (await home.client.get("/app/")).text

    assert "{" not in page
    named = re.findall(r'(?:href|src)="([^"]+)"', page)
    files = [name for name in named if name.startswith("v/")]
    assert {f"v/{_DIGEST}/main.js", f"v/{_DIGEST}/style.css"} < {*files}
    for file in files:
        assert (await home.client.get(f"/app/{file}")).status_code == 200, file


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("main.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("vendor/preact.js", "text/javascript; charset=utf-8"),
        ("vendor/LICENSES.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_a_file_is_kept_for_ever_under_the_digest_of_all(
    home: Home, path: str, kind: str
) -> None:
    response = await home.client.get(f"/app/v/{_DIGEST}/{path}")

    assert response.status_code == 200
    assert response.headers["content-type"] == kind
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["etag"].startswith('W/"')
    assert "content-security-policy" not in response.headers


@pytest.mark.parametrize(
    ("accepted", "coding", "decoded"),
    [("gzip, deflate", "gzip", gzip.decompress), ("gzip, br", "br", brotli.decompress)],
)
async def test_files_are_compressed_for_who_can_read_it(
    home: Home, accepted: str, coding: str, decoded: Callable[[bytes], bytes]
) -> None:
    path = f"/app/v/{_DIGEST}/vendor/markdown.js"
    async with home.client.stream("GET", path, headers={"Accept-Encoding": accepted}) as small:
        compressed = b"".join([chunk async for chunk in small.aiter_raw()])
    plain = await home.client.get(path, headers={"Accept-Encoding": "identity"})

    assert small.headers["content-encoding"] == coding
    assert "content-encoding" not in plain.headers
    assert decoded(compressed) == plain.content
    assert "Accept-Encoding" in small.headers["vary"]
    assert len(compressed) < len(plain.content) / 2


async def test_files_of_another_version_are_not_there(home: Home) -> None:
    response = await home.client.get("/app/v/0123456789abcdef/main.js")

    assert (response.status_code, response.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize(
    "path",
    [
        "/app/nothing.js",
        "/app/main.js",
        "/app/../router.py",
        "/app/%2e%2e/router.py",
        f"/app/v/{_DIGEST}/nothing.js",
        f"/app/v/{_DIGEST}/../../router.py",
        f"/app/v/{_DIGEST}/%2e%2e/router.py",
        f"/app/v/{_DIGEST}/..%2frouter.py",
        f"/app/v/{_DIGEST}/index.html",
        f"/app/v/{_DIGEST}/types.d.ts",
        f"/app/v/{_DIGEST}/",
    ],
)
async def test_nothing_else_is_served(home: Home, path: str) -> None:
    response = await home.client.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_head_has_no_body(home: Home) -> None:
    response = await home.client.head("/app/")

    assert response.status_code == 200
    assert response.headers["content-security-policy"]


async def test_the_documentation_is_a_page_of_our_own(home: Home) -> None:
    response = await home.client.get("/docs")

    assert (response.status_code, response.headers["location"]) == (307, "/app/docs.html")


def test_pages_load_nothing_from_other_servers_and_make_no_markup_from_text() -> None:
    for file in [*_OWN_SCRIPTS, *STATIC.glob("*.html"), *STATIC.glob("*.css")]:
        text = file.read_text()
        assert not re.search(r"(src|href|from|url\()\s*=?\s*[\"'(]?(https?:)?//", text), file
        assert "innerHTML" not in text, file
        assert not re.search(r"<[a-z]+ on", text), file


def test_scripts_stay_short() -> None:
    lengths = {str(file): len(file.read_text().splitlines()) for file in _OWN_SCRIPTS}

    assert lengths
    assert not {name: length for name, length in lengths.items() if length >= 200}
