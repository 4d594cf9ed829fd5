"""The start page and the static files."""

import re

import pytest

from smriti.web.router import STATIC
from tests.home import Home


async def test_browsers_are_sent_to_the_app_and_programs_to_the_documentation(home: Home) -> None:
    browser = await home.client.get("/", headers={"Accept": "text/html,*/*"})
    program = await home.client.get("/", headers={"Accept": "*/*"})

    assert (browser.status_code, browser.headers["location"]) == (307, "/app/")
    assert program.json() == {"message": "This is Smriti. The API is described at /docs."}


@pytest.mark.parametrize("path", ["/app/", "/app/main.js", "/app/style.css", "/app/docs.html"])
async def test_pages_may_run_their_own_scripts_only(home: Home, path: str) -> None:
    response = await home.client.get(path)

    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_the_documentation_is_a_page_of_our_own(home: Home) -> None:
    response = await home.client.get("/docs")

    assert (response.status_code, response.headers["location"]) == (307, "/app/docs.html")


@pytest.mark.parametrize("path", ["/app/nothing.js", "/app/../router.py", "/app/%2e%2e/router.py"])
async def test_nothing_else_is_served(home: Home, path: str) -> None:
    assert (await home.client.get(path)).status_code == 404


def test_pages_load_nothing_from_other_servers_and_make_no_markup_from_text() -> None:
    for file in STATIC.iterdir():
        text = file.read_text()
        assert not re.search(r"(src|href|from|url\()\s*=?\s*[\"'(]?(https?:)?//", text), file
        assert "innerHTML" not in text, file
        assert " on" not in re.findall(r"<[a-z]+( on)?", text), file


def test_scripts_stay_short() -> None:
    lengths = {file.name: len(file.read_text().splitlines()) for file in STATIC.glob("*.js")}

    assert lengths
    assert not {name: length for name, length in lengths.items() if length >= 200}
