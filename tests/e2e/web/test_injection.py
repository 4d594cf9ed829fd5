"""Somebody all of whose texts are attacks: they are read as they were written, on every page.

That nothing was tried that the policy forbids, the context of the windows sees at its end.
"""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Final
from urllib.parse import quote
from zlib import crc32

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Page, Route, expect

from tests.e2e.browser import context
from tests.e2e.server import ServerProcess
from tests.e2e.web.chatting import answers, say, stop
from tests.e2e.web.corpus import ATTACKS
from tests.e2e.web.world import MACHINE, World, patterns, reads, unfold, visit, world
from tests.fakes.faulty_model import refused, says, tool_calls

_LINES: Final = [each for each in ATTACKS if len(each) < 200 and each.isprintable()]
_ANSWER: Final = "\n\n".join(each for each in ATTACKS if len(each) < 200)
_IMAGE: Final = "<img src=x onerror=hacked=1>"

# What is in the page, its shadows too, that the app has not put there.
_FOREIGN = r"""() => {
  const known = new Set(("html head meta title link script body noscript div span p a button header main nav"
    + " search section article aside footer ul ol li dl dt dd h1 h2 h3 h4 h5 h6 form label input textarea select option"
    + " optgroup fieldset legend details summary dialog pre code em strong b del blockquote table caption thead"
    + " tbody tr th td figure figcaption text mark time progress meter kbd img br hr svg path circle rect line g").split(" "));
  const ours = (address) => new URL(address, location.href).origin === location.origin;
  const bad = [];
  const look = (root) => {
    const ids = new Set();
    for (const node of root.querySelectorAll("*")) {
      const name = node.localName;
      const isOurs = name === "script" ? ours(node.src) && !node.textContent
        : known.has(name) || (name === "style" && node.parentNode === document.head);
      if (!isOurs) bad.push(node.outerHTML.slice(0, 200));
      if (name === "img" && !/^(blob:|\/conversations\/)/.test(node.getAttribute("src"))) bad.push(node.outerHTML);
      if (name === "link" && !ours(node.href)) bad.push(node.outerHTML);
      if (node.id && ids.size === ids.add(node.id).size) bad.push(`twice: #${node.id}`);
      for (const { name: attribute, value } of node.attributes) {
        const isScript = /^\s*(javascript|vbscript|data|file):/i.test(value) && !["value", "placeholder", "title", "aria-label"].includes(attribute);
        if (/^on|^(srcdoc|formaction|background|ping|xlink:href)$/.test(attribute) || isScript) bad.push(`${name} ${attribute}=${value}`);
        if (attribute === "href" && !["http:", "https:", "mailto:"].includes(new URL(value, location.href).protocol)) bad.push(value);
        if (attribute === "style" && /url\(|expression/.test(value)) bad.push(value);
      }
      if (node.shadowRoot) look(node.shadowRoot);
    }
  };
  look(document);
  if (window.hacked !== undefined) bad.push("A script ran.");
  if (typeof document.getElementById !== "function" || document.body?.localName !== "body") bad.push("A name is taken.");
  return bad;
}"""  # noqa: E501


def hostile(what: str, most: int) -> str:
    """A text of at most so many characters: what it is, then attacks, others for other things."""
    text, first = what, crc32(what.encode()) % len(_LINES)
    for attack in [_IMAGE, *_LINES[first:], *_LINES[:first]]:
        if len(text) + len(attack) < min(most, 600):
            text += f" {attack}"
    return text


def start(what: str) -> str:
    """How each of these texts begins, however it is cut."""
    return f"{what} {_IMAGE}"


def file(name: str, content: str) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": content.encode()}


@pytest.fixture(scope="module")
def eve(site: ServerProcess) -> Iterator[World]:
    with world(site, "eve", hostile, _ANSWER) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, eve: World) -> AsyncIterator[Page]:
    """Eve's, whose name is an attack, too. At the end: nothing has run or was fetched."""
    async with context(browser) as windows:
        await eve.person.enter(windows)
        page = await windows.new_page()
        fetched: list[str] = []
        page.on("request", lambda request: fetched.append(request.url))
        profile = eve.person.caller.get("/auth/me") | {"name": hostile("Name", 100)}
        await page.route("**/auth/me", lambda route: route.fulfill(json=profile))
        yield page
        assert [url for url in fetched if not url.startswith(eve.person.site.url)] == []
        assert [url for url in fetched if re.search(r"/(x|app/[^v?#][^?#]*)$", url)] == []
        assert len(page.frames) == 1


async def is_text(page: Page, *texts: str) -> None:
    """These can be read, and nothing of them is anything else than text."""
    for text in texts:
        await reads(page, text)
    assert await page.evaluate(_FOREIGN) == [], page.url
    assert (await page.title()).endswith("Smriti")


async def unfolded(page: Page) -> None:
    """Everything that is folded, and every menu, one after the other."""
    await unfold(page)
    for menu in await page.locator("main [aria-haspopup=menu]:visible").all():
        await menu.click()
        await expect(page.get_by_role("menu")).to_be_visible()
        assert await page.evaluate(_FOREIGN) == []
        await page.keyboard.press("Escape")


async def test_on_every_page_they_are_text(page: Page, eve: World) -> None:
    assert eve.places.keys() == set(patterns())
    for place in eve.places.values():
        await visit(page, eve, place.path)
        await is_text(page, *place.shows, hostile("Name", 100))
        await unfolded(page)
        await is_text(page, *place.shows, *place.folded)


async def test_what_is_asked_before_something_is_done_is_text(page: Page, eve: World) -> None:
    agent = eve.agent["agent_id"]
    asks: dict[str, list[tuple[str, str]]] = {
        f"agents/{agent}": [("Delete agent…", "Agent")],
        "devices": [("Revoke the key", "Machine key")],
        f"devices/{MACHINE}": [("Forget this machine", "Label")],
        f"memory/{agent}/archive": [("Edit this passage", "Passage")],
        f"memory/{agent}": [("History of human", "Line")],
    }
    for path, questions in asks.items():
        await visit(page, eve, path)
        for button, what in questions:
            await page.get_by_role("button", name=button).first.click()
            await is_text(page, start(what))
            await page.keyboard.press("Escape")

    await visit(page, eve, "keys")
    await page.get_by_role("button", name="Change or revoke").click()
    await page.get_by_role("menuitem", name="Revoke").click()
    await is_text(page, start("Program"))
    await page.keyboard.press("Escape")


async def test_what_has_been_done_is_told_as_text(page: Page, eve: World) -> None:
    await visit(page, eve, f"agents/{eve.agent['agent_id']}")
    await page.get_by_role("button", name="Duplicate and export").click()
    await page.get_by_role("menuitem", name="Duplicate").click()
    await expect(page.get_by_label("Name of the new one")).to_have_value(re.compile("^Agent <img"))
    await page.get_by_label("Name of the new one").fill(f"Twin {_IMAGE}")
    await page.get_by_role("button", name="Duplicate", exact=True).click()
    await expect(page.locator(".notice")).to_contain_text(f"Twin {_IMAGE}")
    await is_text(page, f"Twin {_IMAGE}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Twin {_IMAGE}")
    await page.get_by_role("button", name="Delete agent…").click()
    await page.get_by_role("dialog").get_by_role("textbox").fill(f"Twin {_IMAGE}")
    await page.get_by_role("dialog").get_by_role("button", name="Delete agent").click()
    await is_text(page, f"Twin {_IMAGE} is deleted.")


async def test_what_is_found_is_text(page: Page, eve: World) -> None:
    await visit(page, eve, "keys")
    row = page.locator(".chat-row").filter(has_text=start("Title"))
    await row.hover()
    await row.get_by_role("button").click()
    await page.get_by_role("menuitem", name="Rename").click()
    await is_text(page, start("Title"))
    await page.keyboard.press("Escape")

    for what in ("Passage", "Question", "Title", "Agent"):
        await page.keyboard.press("Control+k")
        await page.get_by_role("combobox").fill(what)
        await expect(page.get_by_role("option").filter(has_text=_IMAGE).first).to_be_visible()
        await is_text(page, _IMAGE)
        await page.keyboard.press("Escape")


async def test_files_and_what_is_said_of_them_are_text(page: Page, eve: World) -> None:
    name = f"{_IMAGE} {'<svg onload=hacked=1>' * 2}"
    await visit(page, eve, f"new/{eve.agent['agent_id']}")
    files = page.locator("input[type=file]")
    await files.set_input_files(file(f"{name}.mp3", "la"))
    await is_text(page, f"“{name}.mp3” is of a kind")
    await files.set_input_files(file(f"{name}.md", _ANSWER))
    await expect(page.get_by_role("list", name="Files to send")).to_contain_text("<img src=x")
    await is_text(page)

    await visit(page, eve, "agents")
    await files.set_input_files(file(f"{name}.json", f'{{"name": "{name}"}}'))
    await is_text(page, f"{name}.json was not imported.")
    character = f'{{"name": "Mal {name}", "bio": ["{name}"], "system": "{name}"}}'
    await files.set_input_files(file(f"{name}.json", character))
    await is_text(page, f"Mal {name}")

    await visit(page, eve, f"memory/{eve.agent['agent_id']}/archive")
    await page.get_by_role("button", name="Import", exact=True).click()
    await files.set_input_files(file(f"{name}.txt", "\n\n".join(_LINES[:5])))
    await is_text(page, *_LINES[:5])
    await page.get_by_role("button", name="Import 5 passages").click()
    await expect(page.get_by_text("Import is done.")).to_be_visible()
    await is_text(page, *_LINES[:5])


async def test_what_servers_answer_is_text(page: Page, eve: World) -> None:
    wrong = hostile("Wrong", 600)
    model = {"model_id": wrong, "model_name": wrong, "display_name": wrong, "provider": "OpenAI"}
    answers = {
        "**/settings/providers/*/check": {"ok": False, "models": [], "problem": wrong},
        "**/llm/models/*": [model],
        "**/llm/local-servers": [{"name": wrong, "base_url": wrong, "models": [model]}],
    }
    for address, answer in answers.items():
        await page.route(address, lambda route, _, answer=answer: route.fulfill(json=answer))
    await visit(page, eve, "models")
    await is_text(page, wrong)
    await unfolded(page)
    await page.get_by_role("article", name="OpenAI").get_by_role("button", name="Change").click()
    await page.get_by_role("button", name="Check").click()
    await expect(page.get_by_role("status").filter(has_text=wrong)).to_be_visible()
    await is_text(page)
    await visit(page, eve, "welcome")
    await is_text(page, wrong)

    problem = {"type": f"/problems/{wrong}", "title": wrong, "detail": wrong, "errors": []}

    async def refuse(route: Route) -> None:
        if route.request.method == "GET":
            await route.fallback()
            return
        await route.fulfill(status=400, json=problem, content_type="application/problem+json")

    await page.route("**/devices/*", refuse)
    await page.route("**/memory-blocks/**", refuse)
    await visit(page, eve, f"devices/{MACHINE}")
    await page.get_by_label("What you call it").fill("Lab")
    await page.get_by_role("button", name="Save settings").click()
    await is_text(page, wrong)
    await page.locator(".notice").get_by_role("button", name="Close").click()
    await visit(page, eve, f"memory/{eve.agent['agent_id']}")
    await page.get_by_role("region", name="projects").get_by_role("button", name="Write").click()
    await page.keyboard.type(_IMAGE)
    await is_text(page, wrong)


async def test_what_an_address_says_is_text(page: Page, eve: World) -> None:
    evil = quote(f"{_IMAGE}'\"><script>hacked=1</script>", safe="")
    agent, talk = eve.agent["agent_id"], eve.talk["conversation_id"]
    for pattern in patterns():
        if ":" in pattern:
            await visit(page, eve, re.sub(r":\w+", evil, pattern))
            await is_text(page)
    for path in (
        f"memory/{agent}/archive?q={evil}&memory={evil}",
        f"c/{talk}?m={evil}",
        f"payments/success?session_id={evil}",
    ):
        await visit(page, eve, path)
        await is_text(page)
    await page.goto(f"{eve.person.app}?{evil}#{evil}")
    await is_text(page, "There is nothing at this address")


async def test_while_it_is_said_it_is_text(page: Page, eve: World) -> None:
    agent = eve.agent["agent_id"]
    eve.model.script(
        tool_calls({"name": hostile("Tool", 60), "arguments": {"a": hostile("Argument", 500)}}),
        says(_ANSWER, reasoning=hostile("Thought", 500)),
    )
    await visit(page, eve, f"new/{agent}")
    await say(page, hostile("Question", 600))
    await expect(answers(page)).to_contain_text("</textarea></title></style>")
    await expect(stop(page)).to_be_hidden()
    await unfolded(page)
    await is_text(page, hostile("Question", 600), hostile("Thought", 500), hostile("Tool", 60))
    await page.get_by_role("button", name="Memory", exact=True).click()
    await is_text(page, hostile("Line", 400))

    eve.model.script(refused(hostile("Failure", 200)))
    await say(page, "And now?")
    await is_text(page, hostile("Failure", 200))

    for path in (f"c/{eve.asked['conversation_id']}", f"tasks/{eve.tasks['waiting']}"):
        await visit(page, eve, path)
        card = page.get_by_role("region", name="A command waits for your approval")
        await expect(card).to_contain_text("<img src=x onerror=hacked=1>")
        await is_text(page, hostile("Argument", 500))
    await visit(page, eve, f"tasks/{eve.tasks['failed']}")
    await is_text(page, hostile("Failure", 200), hostile("Request", 1000))


async def test_on_pages_of_others_it_is_text(browser: Browser, eve: World) -> None:
    """In the widget."""
    path = f"/agents/{eve.agent['agent_id']}/api-keys"
    body = {"name": hostile("Shop", 100), "welcome_message": hostile("Welcome", 200)}
    key = eve.person.caller.post(path, body)
    eve.model.script(says(_ANSWER), refused(hostile("Failure", 200)))
    async with context(browser) as windows:
        page = await windows.new_page()
        await page.goto(f"{eve.person.site.url}/widget/demo?key={key['public_key']}")
        await page.get_by_role("button", name="Open chat").click()
        said = page.locator("#smriti-widget li.assistant")
        await expect(said).to_have_text([hostile("Welcome", 200)])
        await page.get_by_label("Message", exact=True).fill(hostile("Question", 600))
        await page.keyboard.press("Enter")
        await expect(said.last).to_contain_text("</textarea></title></style>")
        await expect(page.locator("#smriti-widget li.user")).to_have_text(hostile("Question", 600))
        await page.get_by_label("Message", exact=True).fill("And now?")
        await page.keyboard.press("Enter")
        await expect(page.locator("#smriti-widget .status")).not_to_be_empty()
        assert await page.evaluate(_FOREIGN) == []
