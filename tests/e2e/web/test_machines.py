"""Machines: connected, seen coming and going, given tasks that are watched, approved, cancelled."""

import asyncio
import re
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.web.machine import machine, pasted
from tests.e2e.web.person import Person
from tests.fakes.stub_model import StubModel

_MARKUP: Final = "<img src=x onerror=alert(1)>"


@pytest.fixture
def thinking(person: Person, stub: StubModel) -> Person:
    """Whose machines are worked on with the stub model."""
    person.caller.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    return person


async def seen(page: Page, person: Person, *path: str) -> None:
    await page.goto(person.at(*path))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def online(page: Page) -> None:
    await expect(page.get_by_text("online", exact=True)).to_be_visible()


async def run(page: Page, request: str) -> None:
    """Give the machine whose page this is a task, and see it begin."""
    await page.get_by_label("A task for").fill(request)
    await page.get_by_role("button", name="Run task").click()
    await expect(page.get_by_role("heading", name="Task on")).to_be_visible()


def step(page: Page, text: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=text)


async def opened(gate: Path, text: str) -> None:
    await asyncio.to_thread(gate.write_text, text, encoding="utf-8")


async def test_the_line_of_the_page_connects_a_machine(
    page: Page, person: Person, tmp_path: Path
) -> None:
    await seen(page, person, "devices")
    await expect(page.get_by_text("Let an agent work on your machine")).to_be_visible()

    await page.get_by_role("button", name="Connect a machine").click()
    await page.get_by_label("Name of the machine").fill("lab-7")
    await page.get_by_label("Directory").fill(str(tmp_path / "it's mine"))
    await page.get_by_role("button", name="Make its key").click()
    await expect(page.get_by_text("Waiting for lab-7 to connect…")).to_be_visible()
    line = await page.locator(".command code").text_content()
    assert line is not None
    (tmp_path / "it's mine").mkdir()

    async with pasted(line, tmp_path) as lab:
        await page.get_by_role("link", name="Open lab-7").click()
        await expect(page.get_by_role("heading", name="lab-7")).to_be_visible()
        await online(page)
        await expect(page.get_by_text("linux", exact=True)).to_be_visible()

        await lab.die()
        await expect(page.get_by_text("offline", exact=True)).to_be_visible()
    assert line.count("sk_smriti_") == 1
    assert "sk_smriti_" not in await page.content()


async def test_a_revoked_key_hangs_up(page: Page, person: Person, tmp_path: Path) -> None:
    async with machine(person, tmp_path, key=_MARKUP):
        await seen(page, person, "devices")
        await online(page)

        await page.get_by_role("button", name="Revoke the key").click()
        await page.get_by_role("button", name="Revoke key").click()

        await expect(page.get_by_text("offline", exact=True)).to_be_visible()
        await expect(page.get_by_text("A key lets a machine in")).to_be_visible()


async def test_a_key_for_planners_is_shown_once(page: Page, person: Person) -> None:
    await seen(page, person, "devices")
    await page.get_by_role("button", name="Make a key").click()
    await page.get_by_label("Name").fill("Planner")
    await page.keyboard.press("Enter")

    code = page.get_by_role("dialog").locator("code")
    await expect(code).to_contain_text("sk_smriti_")
    await page.get_by_role("button", name="Done").click()

    await expect(page.get_by_text("connects machines and gives them tasks")).to_be_visible()
    assert "sk_smriti_" not in await page.content()


async def test_a_task_is_watched_over_a_reload(
    page: Page, thinking: Person, tmp_path: Path
) -> None:
    async with machine(thinking, tmp_path) as lab:
        gate = lab.gate()
        await seen(page, thinking, "devices")
        await page.get_by_role("link", name="lab-7").click()
        await online(page)

        await run(page, "Look [tool:execute_command|command=echo first][tool:execute_command|"
                  "command=cat gate|timeout=120][say:All of it is read.]")  # fmt: skip
        await expect(step(page, "echo first").get_by_text("done")).to_be_attached()
        await expect(step(page, "cat gate").get_by_text("working…")).to_be_visible()
        await page.reload()
        await expect(step(page, "echo first").get_by_text("done")).to_be_attached()
        await expect(step(page, "cat gate").get_by_text("working…")).to_be_visible()
        await opened(gate, f"{_MARKUP} {'long ' * 100}the end")

        await expect(page.get_by_role("heading", name="Result")).to_be_visible()
        await expect(page.locator(".task-result")).to_contain_text("All of it is read.")
        await expect(step(page, "All of it is read.")).to_have_count(0)
        await step(page, "cat gate").locator("summary").click()
        await expect(step(page, "cat gate")).to_contain_text(_MARKUP)
        await expect(step(page, "cat gate")).to_contain_text("the end")

        await page.get_by_role("link", name="lab-7").click()
        history = page.get_by_role("region", name="History")
        await expect(history.get_by_role("listitem")).to_contain_text(["done"])


async def test_a_task_is_cancelled(page: Page, thinking: Person, tmp_path: Path) -> None:
    async with machine(thinking, tmp_path) as lab:
        lab.gate()
        await seen(page, thinking, "devices", "lab-7")
        await online(page)
        await run(page, "Wait [tool:execute_command|command=cat gate]")
        await expect(step(page, "cat gate").get_by_text("working…")).to_be_visible()

        await page.get_by_role("button", name="Cancel task").click()

        await expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
        await expect(page.get_by_text("working…")).to_have_count(0)
        await expect(page.get_by_role("button", name="Cancel task")).to_have_count(0)


@pytest.mark.parametrize("yes", [True, False])
async def test_a_command_waits_for_its_owners_word(
    page: Page, thinking: Person, stub: StubModel, tmp_path: Path, yes: bool
) -> None:
    async with machine(thinking, tmp_path):
        await seen(page, thinking, "devices", "lab-7")
        await online(page)
        await page.get_by_label("Ask me before commands").check()
        await page.get_by_role("button", name="Save settings").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()

        await run(page, "Look [tool:execute_command|command=echo hello][say:Over.]")
        asked = page.get_by_role("region", name="A command waits for your approval")
        await expect(asked).to_contain_text("echo hello")
        await page.reload()
        await asked.get_by_label("A note").fill("Mind the cat.")
        await asked.get_by_role("button", name="Approve" if yes else "Deny").click()

        await expect(page.get_by_role("heading", name="Result")).to_be_visible()
        await expect(asked).to_have_count(0)
        await expect(
            step(page, "echo hello").get_by_text("done" if yes else "failed")
        ).to_be_attached()
        told = str(stub.questions[-1]["messages"][-1])
        assert "Mind the cat." in told
        assert ("stdout" in told) is yes


async def test_a_task_may_end_before_the_approval_is_answered(
    page: Page, thinking: Person, tmp_path: Path
) -> None:
    asked_for_the_end, answered = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await thinking.answer_to(route)
        await asked_for_the_end.wait()
        await route.fulfill(response=answer)
        answered.set()

    async def later(route: Route) -> None:
        asked_for_the_end.set()
        await answered.wait()
        await page.evaluate("() => new Promise(requestAnimationFrame)")
        await route.continue_()

    async with machine(thinking, tmp_path):
        await seen(page, thinking, "devices", "lab-7")
        await online(page)
        thinking.caller.http.patch("/devices/lab-7", json={"ask_before_commands": True})
        await run(page, "Look [tool:execute_command|command=echo hello][say:Over.]")
        approve = page.get_by_role("button", name="Approve")
        await expect(approve).to_be_visible()
        await page.route(re.compile(r"/approvals$"), late)
        await page.route(re.compile(r"/api/sessions/[^/]+$"), later)
        await approve.click()

        await expect(page.get_by_role("heading", name="Result")).to_be_visible()


async def test_a_machine_gets_a_name_and_an_agent(
    page: Page, person: Person, tmp_path: Path
) -> None:
    person.caller.agent(agent_name="Keeper")
    async with machine(person, tmp_path):
        await seen(page, person, "devices", "lab-7")
        await online(page)
        await page.get_by_label("What you call it").fill(_MARKUP)
        await page.get_by_label("Who works on it").select_option("Keeper")
        await page.get_by_role("button", name="Save settings").click()

        await expect(page.get_by_role("heading", level=1)).to_have_text(_MARKUP)
        await page.reload()
        await expect(page.get_by_label("What you call it")).to_have_value(_MARKUP)
        await expect(page.locator("option:checked")).to_have_text("Keeper")
        await page.get_by_role("button", name="Forget this machine").click()
        await page.get_by_role("button", name="Forget machine").click()
        await expect(page.get_by_role("heading", name="Devices")).to_be_visible()
        await expect(page.get_by_text(_MARKUP)).to_have_count(0)


async def test_by_keyboard_alone(page: Page, thinking: Person, tmp_path: Path) -> None:
    async with machine(thinking, tmp_path):
        await seen(page, thinking, "devices")
        await online(page)
        await page.get_by_role("link", name="lab-7").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="lab-7")).to_be_focused()
        await page.get_by_label("A task for").focus()
        await page.keyboard.type("Look [tool:execute_command|command=echo hello][say:Over.]")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("heading", name="Result")).to_be_visible()
        await page.locator("summary").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("stdout")).to_be_visible()


async def test_what_is_not_there_says_so(page: Page, person: Person) -> None:
    for path in (["devices", "nobody"], ["tasks", "nothing"]):
        await page.goto(person.at(*path))
        await expect(page.get_by_role("heading", name="There is no such")).to_be_visible()
        await page.get_by_role("link", name="Your devices").click()
        await expect(page.get_by_role("heading", name="Devices")).to_be_visible()
