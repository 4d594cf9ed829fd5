"""Forms as the server describes them: fields of every type, and of one that nobody knows."""

import re
from pathlib import Path
from typing import Any, Final

import orjson
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.e2e.server import Json
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import Person

_METALS: Final = [{"value": f"m{number}", "label": f"Metal {number}"} for number in range(1, 31)]
_FORM: Final = {
    "form_name": "A form of tomorrow",
    "submit_path": "/agents/of-tomorrow",
    "form_inputs": [
        {"input_type": "text", "name": "agent_name", "label": "Name"},
        {
            "input_type": "text",
            "name": "count",
            "label": "Count",
            "value": "10",
            "attr": {"type": "number", "min": "1", "max": "50", "onfocus": "alert(1)"},
        },
        {"input_type": "text_area", "name": "story", "label": "Story"},
        {"input_type": "password", "name": "secret", "label": "Secret"},
        {"input_type": "select", "name": "colour", "label": "Colour", "values": ["red", "blue"]},
        {"input_type": "select", "name": "metal", "label": "Metal", "options": _METALS},
        {
            "input_type": "choice",
            "name": "size",
            "label": "Size",
            "values": ["ignored"],
            "options": [{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}],
        },
        {"input_type": "key_value", "name": "headers", "label": "Headers"},
        {"input_type": "file_upload", "name": "picture", "label": "Picture"},
        {"input_type": "hologram", "name": "aura", "label": "Aura"},
        {"input_type": "text", "name": "left_alone", "label": "Left alone"},
    ],
}


class Server:
    """Describes the form, and answers what is submitted."""

    def __init__(self) -> None:
        self.submitted: list[Json] = []
        self.problem: Json | None = None

    async def describe(self, route: Route) -> None:
        await route.fulfill(json=_FORM)

    async def take(self, route: Route) -> None:
        self.submitted.append(orjson.loads(route.request.post_data or ""))
        if self.problem is None:
            await route.fulfill(status=201, json={"agent_id": "x", "agent_name": "Tomorrow"})
        else:
            await route.fulfill(status=422, json=self.problem)


@pytest_asyncio.fixture(loop_scope="module")
async def server(page: Page) -> Server:
    stand_in = Server()
    await page.route("**/agents/supported-models", stand_in.describe)
    await page.route("**/agents/of-tomorrow", stand_in.take)
    return stand_in


@pytest_asyncio.fixture(loop_scope="module")
async def form(page: Page, person: Person, server: Server) -> Page:
    await page.goto(person.at("agents", "new"))
    await expect(page.get_by_role("form", name="A form of tomorrow")).to_be_visible()
    return page


async def create(page: Page) -> None:
    await page.get_by_role("button", name="Create agent").click()


async def test_fields_of_every_type_and_of_an_unknown_one_are_submitted_as_flat_text(
    form: Page, server: Server, tmp_path: Path
) -> None:
    picture = tmp_path / "dot.txt"
    picture.write_text("dot")

    await form.get_by_label("Name", exact=True).fill("Tomorrow")
    await form.get_by_label("Count").fill("12")
    await form.get_by_label("Story").fill("Once\nupon")
    await form.get_by_label("Secret", exact=True).fill("hush")
    await form.get_by_label("Colour").select_option("blue")
    await form.get_by_role("combobox", name="Metal").fill("tal 27")
    await form.keyboard.press("Enter")
    await form.get_by_text("More settings").click()
    await form.get_by_label("Large").check()
    await form.get_by_role("button", name="Add a line").click()
    await form.get_by_label("Headers 1, name").fill("X-One")
    await form.get_by_label("Headers 1, value").fill("a: b")
    await form.locator("input[type=file]").first.set_input_files(picture)
    await form.get_by_label("Aura").fill("violet")
    await create(form)

    await expect(form).to_have_url(f"{form.url.partition('#')[0]}#/agents/x")
    assert server.submitted == [
        {
            "agent_name": "Tomorrow",
            "count": "12",
            "story": "Once\nupon",
            "secret": "hush",
            "colour": "blue",
            "metal": "m27",
            "size": "l",
            "headers": "X-One: a: b",
            "picture": "data:text/plain;base64,ZG90",
            "aura": "violet",
            "left_alone": "",
        }
    ]


async def test_what_the_server_refuses_lands_on_its_field(form: Page, server: Server) -> None:
    server.problem = {
        "detail": "Validation error",
        "errors": [
            {"type": "x", "loc": ["body", "aura", 0], "msg": "Too bright"},
            {"type": "x", "loc": ["body", "moon"], "msg": "Not full"},
        ],
    }

    await form.get_by_label("Name", exact=True).fill("Tomorrow")
    await create(form)

    aura = form.get_by_label("Aura")
    await expect(aura).to_be_focused()
    await expect(aura).to_have_accessible_description(re.compile(re.escape("Too bright")))
    await expect(form.get_by_role("alert")).to_have_text("moon: Not full")
    await expect(form.get_by_label("Name", exact=True)).to_have_value("Tomorrow")
    async for scheme in both_schemes(form):
        assert await axe(form) == [], scheme


async def test_a_number_that_cannot_be_right_is_not_sent(form: Page, server: Server) -> None:
    await form.get_by_label("Count").fill("51")
    await create(form)

    await expect(form.get_by_label("Count")).to_be_focused()
    await expect(form.get_by_label("Count")).to_have_accessible_description(
        re.compile(re.escape("Value must be less than or equal to 50."))
    )
    assert server.submitted == []


async def test_a_long_list_is_filtered_by_typing_and_escape_keeps_what_was(form: Page) -> None:
    metal = form.get_by_role("combobox", name="Metal")
    await metal.focus()
    await form.keyboard.press("ArrowDown")
    await expect(form.get_by_role("listbox").get_by_role("option")).to_have_count(30)
    await form.keyboard.press("ArrowUp")
    await form.keyboard.press("Enter")
    await expect(metal).to_have_value("Metal 30")

    await metal.fill("no such metal")
    await expect(form.get_by_role("listbox").get_by_role("option")).to_have_text(
        "Nothing is called so."
    )
    await form.keyboard.press("Escape")

    await expect(metal).to_have_value("Metal 30")
    await expect(form.get_by_role("listbox")).to_have_count(0)


async def test_a_form_with_every_field_open_fits_a_small_window(form: Page) -> None:
    await form.get_by_text("More settings").click()
    await form.get_by_role("button", name="Add a line").click()
    await form.set_viewport_size({"width": 360, "height": 740})

    assert not await overflows(form)
    async for scheme in both_schemes(form):
        assert await axe(form) == [], scheme


async def test_a_form_that_leads_elsewhere_is_not_sent(page: Page, person: Person) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    form: dict[str, Any] = _FORM | {"submit_path": "//elsewhere.example/agents"}
    await page.route("**/agents/supported-models", lambda route: route.fulfill(json=form))
    await page.goto(person.at("agents", "new"))

    await page.get_by_label("Name", exact=True).fill("Tomorrow")
    await create(page)

    await expect(page.get_by_role("alert")).to_have_text("This form does not say where it goes to.")
    assert [url for url in asked if "elsewhere" in url] == []


async def test_a_change_sends_only_what_was_changed_and_null_for_what_was_taken_away(
    page: Page, person: Person
) -> None:
    agent = person.caller.agent(temperature="0.3", top_p="0.5")
    sent: list[Json] = []

    async def take(route: Route) -> None:
        if route.request.method == "PUT":
            sent.append(orjson.loads(route.request.post_data or ""))
        await route.continue_()

    path = f"/agents/{agent['agent_id']}"
    await page.route(f"**{path}", take)
    await page.goto(person.at("agents", agent["agent_id"]))

    await expect(page.get_by_label("Top p")).to_have_value("0.5")  # set, and so not folded away
    await page.get_by_label("Temperature").fill("")
    await page.get_by_label("Persona").fill("Knows every shelf by heart.")
    await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    changes = {name: value for name, value in sent[0].items() if value != ""}
    assert changes == {"temperature": None, "agent_persona": "Knows every shelf by heart."}
    now = person.caller.get(path)
    assert [now["temperature"], now["top_p"]] == [None, 0.5]
    assert now["agent_persona"] == "Knows every shelf by heart."
