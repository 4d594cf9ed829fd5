"""The files that came with a message, given back: as they were, and never as a page."""

import base64
import os
from typing import Any, Final

import pytest

from smriti.messages.repository import PIECE_BYTES
from tests.home import HELLO, Home

PICTURE: Final = b"\x89PNG \x00\xff not really"
SCRIPT: Final = "<script>alert(document.cookie)</script>"


def picture(content: bytes, filename: str = "tea.png") -> dict[str, Any]:
    return {"filename": filename, "content": base64.b64encode(content).decode()}


async def asked(home: Home, *files: dict[str, Any]) -> str:
    """A question with these files; the path of them."""
    agent = await home.scripted_agent()
    await home.client.put(f"/agents/{agent['agent_id']}", json={"agent_model": "gpt-4o"})
    conversation = await home.conversation(agent, title="Tea")
    home.script(HELLO)
    response = await home.send(conversation, {"content": "Look", "attachments": list(files)})
    assert response.status_code == 200, response.text
    question = (await home.messages(conversation))[0]
    path = f"/conversations/{conversation['conversation_id']}/messages/{question['message_id']}"
    return f"{path}/attachments"


@pytest.mark.parametrize("size", [20, PIECE_BYTES + 1000])
async def test_a_picture_comes_back_as_it_was(size: int, home: Home) -> None:
    content = PICTURE + os.urandom(size)
    files = await asked(home, {"filename": "a.md", "content": "# A"}, picture(content))

    answer = await home.client.get(f"{files}/1")

    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''tea.png"


@pytest.mark.parametrize("filename", ["page.html", "image.xml", "code.js", "notes.md"])
async def test_whatever_else_it_is_it_comes_as_plain_text_to_keep(
    filename: str, home: Home
) -> None:
    files = await asked(home, {"filename": filename, "content": SCRIPT})

    answer = await home.client.get(f"{files}/0")

    assert answer.text == SCRIPT
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{filename}"


async def test_a_file_can_do_nothing_in_a_browser(home: Home) -> None:
    files = await asked(home, picture(SCRIPT.encode(), "evil.png"))

    answer = await home.client.get(f"{files}/0")

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cache-control"] == "private, max-age=86400"


async def test_a_name_cannot_say_more_than_a_name(home: Home) -> None:
    files = await asked(home, {"filename": 'é"; filename=x.html; %.md', "content": "x"})

    answer = await home.client.get(f"{files}/0")

    told = "attachment; filename*=UTF-8''%C3%A9%22%3B%20filename%3Dx.html%3B%20%25.md"
    assert answer.headers["content-disposition"] == told


async def test_what_is_not_there_or_not_ones_own_is_not_found(home: Home) -> None:
    files = await asked(home, picture(PICTURE))
    another = await home.conversation(await home.agent(agent_name="Other"))
    message = files.rpartition("/messages/")[2]
    elsewhere = f"/conversations/{another['conversation_id']}/messages/{message}"

    async with home.sign_up("bob") as bob:
        others = await bob.get(f"{files}/0")
    answers = [await home.client.get(path) for path in (f"{files}/1", f"{elsewhere}/0")]
    wrong = [(await home.client.get(f"{files}/{number}")).status_code for number in ("-1", 5, "x")]

    assert [answer.status_code for answer in (others, *answers)] == [404, 404, 404]
    assert [answer.json()["type"] for answer in (others, *answers)] == [
        "/problems/conversation-not-found",
        "/problems/attachment-not-found",
        "/problems/message-not-found",
    ]
    assert wrong == [422, 422, 422]
