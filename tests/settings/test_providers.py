"""Provider settings over HTTP."""

from pathlib import Path
from typing import Any

import pytest

from smriti.db.table import Query, Set, Table
from smriti.llm.provider import ModelInfo
from tests.fakes.scripted_provider import ScriptedProvider
from tests.home import Home, open_home

PATH = "/settings/providers/OpenAI"
VALUES = {
    "base_url": "http://model.test/v1",
    "api_key": "sk-very-secret",
    "model": "small",
    "default_headers": "",
    "api": "auto",
}


async def test_providers_are_listed_with_their_forms(home: Home) -> None:
    demo, openai, anthropic, bedrock = await home.get("/settings/providers")

    assert (demo["provider_name"], demo["is_configured"]) == ("Demo", True)
    assert (openai["provider_name"], openai["is_configured"]) == ("OpenAI", False)
    assert (anthropic["provider_name"], anthropic["is_configured"]) == ("Anthropic", False)
    assert [field["name"] for field in openai["form"]["form_inputs"]] == list(VALUES)
    assert openai["form"]["form_inputs"][1]["values"] is None
    assert (bedrock["provider_name"], bedrock["is_configured"]) == ("Bedrock", False)


async def test_saving_configures_and_saving_again_keeps_the_first_time(home: Home) -> None:
    first = await home.client.post(PATH, json=VALUES)
    second = await home.client.post(PATH, json=VALUES)

    assert (first.status_code, second.status_code) == (201, 201)
    created = first.json()["created_at"]
    assert first.json() == {
        "provider_name": "OpenAI",
        "is_configured": True,
        "created_at": created,
        "updated_at": None,
    }
    assert second.json()["created_at"] == created
    assert second.json()["updated_at"] > created


async def test_credentials_are_encrypted_and_never_shown(home: Home) -> None:
    await home.client.post(PATH, json=VALUES)

    stored = (await home.table.query(Query("User#alice@local", begins="Provider"))).items
    shown = (await home.client.get(PATH)).text + (await home.client.get("/settings/providers")).text

    assert len(stored) == 1
    assert "sk-very-secret" not in str(stored) + shown


async def test_a_sealed_credential_moved_to_another_user_does_not_open(home: Home) -> None:
    await home.client.post(PATH, json=VALUES)
    (item,) = (await home.table.query(Query("User#alice@local", begins="Provider"))).items
    async with home.sign_up("bob") as bob:
        await home.table.bulk(puts=[{**item, "pk": "User#bob@local", "user_email": "bob@local"}])

        form = (await bob.get("/agents/supported-models")).json()

    (provider,) = (field for field in form["form_inputs"] if field["name"] == "agent_provider")
    assert [option["value"] for option in provider["options"]] == ["Demo"]


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        (PATH, {}, "Missing required fields: ['base_url']"),
        (PATH, {"base_url": " "}, "Missing required fields: ['base_url']"),
        ("/settings/providers/openai", VALUES, "Unknown provider 'openai'."),
    ],
)
async def test_what_cannot_be_saved_is_400(
    home: Home, path: str, body: dict[str, str], detail: str
) -> None:
    response = await home.client.post(path, json=body)

    assert response.status_code == 400
    assert response.json()["detail"].startswith(detail)


async def test_deleting_forgets_and_may_be_repeated(home: Home) -> None:
    await home.client.post(PATH, json=VALUES)

    responses = [await home.client.delete(PATH) for _ in range(2)]

    assert [response.status_code for response in responses] == [204, 204]
    assert (await home.get(PATH))["is_configured"] is False


async def test_models_are_listed_by_provider(home: Home) -> None:
    await home.client.post(PATH, json=VALUES)
    big = ModelInfo(model_id="big", model_name="big", display_name="Big", provider="OpenAI")
    home.model = ScriptedProvider([], models=[big])

    listed = await home.get("/llm/models/openai")

    assert [model["model_id"] for model in listed] == ["small", "big"]
    assert await home.get("/llm/models/nobody") == []


@pytest.mark.parametrize(
    ("setting", "provider"),
    [
        ("openai_api_key", "OpenAI"),
        ("anthropic_api_key", "Anthropic"),
        ("aws_bearer_token_bedrock", "Bedrock"),
    ],
)
async def test_the_servers_own_key_serves_the_local_owner_alone(
    table: Table, tmp_path: Path, setting: str, provider: str
) -> None:
    path = f"/settings/providers/{provider}"
    own: dict[str, Any] = {setting: "sk-of-the-house"}
    async with open_home(table, tmp_path, model=None, **own) as home:
        assert (await home.get(path))["is_configured"] is False
        await home.become_owner()

        assert (await home.get(path))["is_configured"] is True


async def test_settings_saved_under_another_key_say_what_to_do(home: Home) -> None:
    agent = await home.scripted_agent()
    conversation = await home.conversation(agent)
    key = ("User#alice@local", "ProviderSettings#OpenAI")
    await home.table.update(key, Set("encrypted_credentials", "AAAA"))

    response = await home.send(conversation, {"content": "Hi"})

    assert response.status_code == 409
    assert "Save them again" in response.json()["detail"]
