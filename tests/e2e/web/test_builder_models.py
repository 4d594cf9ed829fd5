"""Providers of models: connected, checked, forgotten; servers of models on this machine."""

import asyncio
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.e2e.server import Json, ServerProcess
from tests.e2e.web.chatting import answers, say
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import Person
from tests.e2e.wire import listening
from tests.fakes.stub_model import StubModel
from tests.patience import PATIENCE_S


def found(stub: StubModel, *models: str) -> list[Json]:
    """A server of models on this machine."""
    listed = [
        {"model_id": name, "model_name": name, "display_name": name, "provider": "OpenAI"}
        for name in models
    ]
    return [{"name": "Ollama", "base_url": stub.url, "models": listed}]


async def offer(page: Page, servers: list[Json]) -> None:
    await page.route("**/llm/local-servers", lambda route: route.fulfill(json=servers))


def setting(person: Person, name: str) -> Any:
    listings = person.caller.get("/settings/providers")
    inputs = next(each for each in listings if each["provider_name"] == "OpenAI")["form"]
    return next(each["value"] for each in inputs["form_inputs"] if each["name"] == name)


async def test_a_provider_is_connected_and_forgotten(
    page: Page, person: Person, stub: StubModel
) -> None:
    await page.goto(person.at("models"))
    card = page.get_by_role("article", name="OpenAI")

    await card.get_by_role("button", name="Connect OpenAI").click()
    await expect(card.get_by_label("Base URL")).to_be_focused()
    await card.get_by_label("Base URL").fill(stub.url)
    await card.get_by_role("button", name="Check").click()
    await expect(card.get_by_role("status")).to_have_text("✓ It answers, and has 1 model.")
    await card.get_by_role("button", name="Connect OpenAI").click()

    await expect(card.get_by_text("Connected", exact=True)).to_be_visible()
    await expect(card.get_by_text("1 model")).to_be_visible()
    assert setting(person, "base_url") == stub.url
    await card.get_by_role("button", name="Forget OpenAI").click()
    await page.get_by_role("dialog").get_by_role("button", name="Forget OpenAI").click()
    await expect(card.get_by_text("Not connected")).to_be_visible()


async def test_a_bad_key_is_told_in_a_sentence(page: Page, person: Person) -> None:
    problem = "The provider refuses the key."
    answer = {"ok": False, "models": [], "problem": problem}
    await page.route("**/settings/providers/*/check", lambda route: route.fulfill(json=answer))
    await page.goto(person.at("models"))
    card = page.get_by_role("article", name="Anthropic")
    await card.get_by_role("button", name="Connect Anthropic").click()
    await card.get_by_label("API Key", exact=True).fill("sk-wrong")

    await card.get_by_role("button", name="Check").click()

    await expect(card.get_by_role("status")).to_have_text(problem)
    await expect(card.get_by_label("API Key", exact=True)).to_have_value("sk-wrong")


async def test_a_key_that_a_server_refuses_is_told_before_it_is_saved(
    page: Page, person: Person
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with listening(refuse) as url:
        await page.goto(person.at("models"))
        card = page.get_by_role("article", name="OpenAI")
        await card.get_by_role("button", name="Connect OpenAI").click()
        await card.get_by_label("Base URL").fill(f"{url}/v1")
        await card.get_by_label(re.compile("^API Key")).first.fill("sk-wrong")

        await card.get_by_role("button", name="Check").click()

        await expect(card.get_by_role("status")).to_contain_text("key")
        await expect(card.get_by_role("status")).not_to_contain_text("sk-wrong")
    await expect(card.get_by_text("Not connected")).to_be_visible()


async def test_what_a_provider_refuses_lands_on_its_field(page: Page, person: Person) -> None:
    await page.goto(person.at("models"))
    card = page.get_by_role("article", name="Anthropic")
    await card.get_by_role("button", name="Connect Anthropic").click()

    await card.get_by_role("button", name="Connect Anthropic").click()
    key = card.get_by_label("API Key", exact=True)
    await expect(key).to_be_focused()
    await expect(key).to_have_accessible_description(
        re.compile(re.escape("Missing required fields: [“API Key”]"))
    )
    await key.fill("a key with spaces")
    await card.get_by_role("button", name="Connect Anthropic").click()

    await expect(key).to_have_accessible_description(
        re.compile(re.escape("“API Key” holds characters that no key has."))
    )


async def test_a_saved_key_stays_when_its_field_is_left_empty(
    page: Page, person: Person, stub: StubModel
) -> None:
    person.caller.post("/settings/providers/OpenAI", {"base_url": stub.url, "api_key": "sk-kept"})
    await page.goto(person.at("models"))
    card = page.get_by_role("article", name="OpenAI")
    await card.get_by_role("button", name="Change the settings").click()
    await expect(card.locator("input[type=password]")).to_have_attribute(
        "placeholder", "Saved. Leave it empty to keep it."
    )

    await card.get_by_label("Model, when an agent names none").fill("stub")
    await card.get_by_role("button", name="Save").click()

    await expect(card.get_by_role("button", name="Change the settings")).to_be_focused()
    assert setting(person, "model") == "stub"


async def test_a_server_of_this_machine_is_offered_and_used(
    page: Page, person: Person, stub: StubModel
) -> None:
    await offer(page, found(stub, "llama", "qwen"))
    await page.goto(person.at("welcome"))

    await page.get_by_role("radio", name=re.compile("^Ollama")).check()
    await page.get_by_label("Model", exact=True).select_option("qwen")
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("button", name="Create agent").click()
    await page.wait_for_url("**/#/new/*")

    (agent,) = person.caller.get("/agents")
    assert (agent["agent_provider"], agent["agent_model"]) == ("OpenAI", "qwen")
    assert (setting(person, "base_url"), setting(person, "model")) == (stub.url, "qwen")


async def test_a_server_elsewhere_is_not_called_one_of_this_machine(
    page: Page, person: Person, stub: StubModel
) -> None:
    (server,) = found(stub, "llama")
    await offer(page, [server | {"base_url": "http://gpu.lan:11434/v1"}])
    await page.goto(person.at("models"))

    card = page.get_by_role("region", name="Ollama at gpu.lan:11434")
    await expect(card).to_contain_text("Ollama runs at gpu.lan:11434")
    await expect(card).not_to_contain_text("machine")


async def test_ollama_that_was_found_answers_in_the_first_run(
    stranger: Page, stub: StubModel, tmp_path: Path
) -> None:
    """From the first visit to its first words, with nothing but a server that is there."""
    with (
        ServerProcess.running(tmp_path / "data", OLLAMA_HOST=stub.url.removesuffix("/v1")) as home,
        home.owner() as owner,
    ):
        async with asyncio.timeout(PATIENCE_S):
            while not owner.get("/llm/local-servers"):  # noqa: ASYNC110 - it may be too slow at first
                await asyncio.sleep(1)
        await stranger.goto(home.new_link())
        await stranger.get_by_role("radio", name=re.compile("^Ollama")).check()
        await stranger.get_by_role("button", name="Go on").click()
        await stranger.get_by_role("button", name="Create agent").click()
        await stranger.wait_for_url("**/#/new/*")
        await say(stranger, "Hello")

        await expect(answers(stranger)).to_contain_text("the stub answers")


async def test_a_server_of_this_machine_takes_no_other_ones_place_unasked(
    page: Page, person: Person, stub: StubModel
) -> None:
    person.caller.post("/settings/providers/OpenAI", {"base_url": "http://127.0.0.1:9/v1"})
    await offer(page, found(stub, "llama"))
    await page.goto(person.at("models"))

    await page.get_by_role("button", name="Use Ollama").click()
    await expect(page.get_by_role("dialog")).to_contain_text("http://127.0.0.1:9/v1")
    await page.get_by_role("button", name="Cancel").click()
    assert setting(person, "base_url") == "http://127.0.0.1:9/v1"
    await page.get_by_role("button", name="Use Ollama").click()
    await page.get_by_role("dialog").get_by_role("button", name="Use Ollama").click()

    await expect(page.get_by_role("region", name="Ollama on this machine")).to_have_count(0)
    assert setting(person, "base_url") == stub.url


async def test_a_provider_is_connected_in_the_first_run(
    page: Page, person: Person, stub: StubModel
) -> None:
    await page.goto(person.at("welcome"))

    await page.get_by_role("radio", name=re.compile("^OpenAI")).check()
    await page.get_by_label("Base URL").fill(stub.url)
    await page.get_by_role("button", name="Connect OpenAI").click()
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("button", name="Create agent").click()
    await page.wait_for_url("**/#/new/*")

    (agent,) = person.caller.get("/agents")
    assert (agent["agent_provider"], agent["agent_model"]) == ("OpenAI", "stub")


async def test_the_models_are_accessible_and_fit_a_small_window(
    page: Page, person: Person, stub: StubModel
) -> None:
    await offer(page, found(stub, "llama"))
    await page.goto(person.at("models"))
    await page.get_by_role("button", name="Connect Bedrock").click()

    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await page.set_viewport_size({"width": 360, "height": 740})
    assert not await overflows(page)
