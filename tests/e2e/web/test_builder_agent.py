"""An agent's page: on which machines it works; and how far the import of one has come."""

import re
from pathlib import Path

import orjson
import pytest
from playwright.async_api import Page, expect

from tests.e2e.server import Json
from tests.e2e.web.keyboard import Keyboard
from tests.e2e.web.machine import machine
from tests.e2e.web.person import Person

_SLOW = {
    "offline": False,
    "latency": 0,
    "downloadThroughput": -1,
    "uploadThroughput": 100_000,
}
_IS_UNDER_WAY = """() => {
  const bar = document.querySelector("progress");
  return bar && bar.value > 0 && bar.value < bar.max;
}"""


async def test_a_machine_is_given_to_an_agent_and_taken_away(
    page: Page, person: Person, tmp_path: Path
) -> None:
    agent, other = (person.caller.agent(agent_name=name) for name in ("Keeper", "Other"))
    async with machine(person, tmp_path):
        await page.goto(person.at("devices"))
        await expect(page.get_by_role("link", name="lab-7")).to_be_visible()
        await page.goto(person.at("agents", agent["agent_id"]))
        box = page.get_by_role("checkbox", name="lab-7")
        await expect(box).to_be_visible()
        keyboard = await Keyboard.of(page)
        await keyboard.to("checkbox", "lab-7")

        await keyboard.press("Space")
        await expect(box).to_be_checked()
        await expect(page.get_by_text("It works on lab-7 now.")).to_be_attached()
        assert _worker(person) == agent["agent_id"]
        assert (await keyboard.here()).startswith("checkbox: lab-7")

        await page.goto(person.at("agents", other["agent_id"]))
        await expect(box).to_have_accessible_name(re.compile("another agent works on it"))
        await page.goto(person.at("agents", agent["agent_id"]))
        await box.uncheck()
        await expect(page.get_by_text("It no longer works on lab-7.")).to_be_attached()
        assert _worker(person) is None


def _worker(person: Person) -> str | None:
    (device,) = person.caller.get("/devices")
    found: str | None = device["agent_id"]
    return found


async def test_the_models_are_those_of_the_chosen_provider(
    page: Page, person: Person, stubbed: Json
) -> None:
    await page.goto(person.at("agents", stubbed["agent_id"]))
    model = page.get_by_label("Model", exact=True)
    await expect(model.locator("option:not([value=''])")).to_have_text(["stub"])

    await page.get_by_label("Provider").select_option("Demo")
    await expect(model.locator("option")).to_have_text(["Demo (offline)"])
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    changed = person.caller.get(f"/agents/{stubbed['agent_id']}")
    assert (changed["agent_provider"], changed["agent_model"]) == ("Demo", "demo")

    await page.get_by_label("Provider").select_option("OpenAI")
    await expect(model).to_have_value("stub")


@pytest.mark.parametrize("place", ["agents", "account"])
async def test_an_import_tells_how_far_it_has_come_and_is_stopped(
    place: str, page: Page, person: Person, tmp_path: Path
) -> None:
    character: Json = {
        "name": "Eliza",
        "bio": ["Listens."],
        "lore": ["Once upon a time. " * 20_000],
    }
    file = tmp_path / "eliza.json"
    file.write_bytes(orjson.dumps(character))
    await page.goto(person.at(place))
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    slower = _SLOW | {"uploadThroughput": 10_000}
    await session.send("Network.emulateNetworkConditions", slower)

    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_role("status").filter(has_text="Sending")).to_contain_text(
        "eliza.json"
    )
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("progressbar", name="Import")).to_be_hidden()
    assert person.caller.get("/agents") == []

    await session.send("Network.emulateNetworkConditions", _SLOW)
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_role("progressbar", name="Import")).to_be_visible()
    await page.wait_for_function(_IS_UNDER_WAY)
    await expect(page.get_by_role("status").filter(has_text="is here.")).to_contain_text("Eliza")
