"""Provider settings that are saved again: what the form shows, which secrets stay, which go."""

from typing import Any, Final

import pytest

from smriti.db.table import Set
from smriti.settings.service import ProviderService
from tests.home import Home

PATH: Final = "/settings/providers/OpenAI"
BEDROCK: Final = "/settings/providers/Bedrock"
SAVED: Final = {
    "base_url": "http://model.test/v1",
    "api_key": "sk-very-secret",
    "model": "small",
    "default_headers": "X-Tenant: secret-tenant",
    "api": "chat",
}
# As the form comes back from a page that was shown what it may know.
LEFT: Final = SAVED | {"api_key": "", "default_headers": ""}
AWS: Final = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "s1", "region": "us-east-1"}


async def _values(home: Home, provider: str) -> dict[str, str | None]:
    listed = await home.get("/settings/providers")
    (found,) = (entry for entry in listed if entry["provider_name"] == provider)
    return {field["name"]: field["value"] for field in found["form"]["form_inputs"]}


async def _kept(home: Home, provider: str = "OpenAI") -> dict[str, str]:
    """What a turn would use."""
    return (await home.services.get(ProviderService).configured("alice@local"))[provider]


async def test_the_form_shows_what_was_saved_but_no_secret(home: Home) -> None:
    await home.post(PATH, SAVED)

    shown = {"base_url": SAVED["base_url"], "model": "small", "api": "chat"}
    assert await _values(home, "OpenAI") == shown | {"api_key": None, "default_headers": None}
    listed = (await home.client.get("/settings/providers")).text
    assert not {secret for secret in ("sk-very-secret", "secret-tenant") if secret in listed}


async def test_the_form_shows_its_defaults_to_others(home: Home) -> None:
    await home.post(PATH, SAVED)

    async with home.sign_up("bob") as bob:
        listed = (await bob.get("/settings/providers")).json()

    assert listed[1]["form"]["form_inputs"][0]["value"] == "https://api.openai.com/v1"


async def test_a_form_whose_settings_cannot_be_opened_shows_its_defaults(home: Home) -> None:
    await home.post(PATH, SAVED)
    key = ("User#alice@local", "ProviderSettings#OpenAI")
    await home.table.update(key, Set("encrypted_credentials", "AAAA"))

    assert (await _values(home, "OpenAI"))["base_url"] == "https://api.openai.com/v1"


@pytest.mark.parametrize("secrets", [{}, {"api_key": "", "default_headers": "  "}])
async def test_secrets_that_are_left_empty_stay(secrets: dict[str, str], home: Home) -> None:
    await home.post(PATH, SAVED)

    given = {"base_url": "http://model.test/v1/chat/completions", "model": "big"}
    await home.post(PATH, given | secrets)

    kept = SAVED | {"model": "big"}
    kept.pop("api")
    assert await _kept(home) == kept


async def test_a_new_secret_takes_the_place_of_its_own_kind_alone(home: Home) -> None:
    await home.post(PATH, SAVED)

    await home.post(PATH, LEFT | {"api_key": "sk-new"})

    assert await _kept(home) == SAVED | {"api_key": "sk-new"}


@pytest.mark.parametrize("secret", ["api_key", "default_headers"])
async def test_null_forgets_a_secret(secret: str, home: Home) -> None:
    await home.post(PATH, SAVED)

    await home.post(PATH, LEFT | {secret: None})

    assert await _kept(home) == {name: SAVED[name] for name in SAVED if name != secret}


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.test/v1",
        "https://model.test/v1",
        "http://model.test:8080/v1",
        "http://model.test/v2",
        "http://model.test.evil.test/v1",
    ],
)
async def test_no_secret_goes_along_to_another_address(address: str, home: Home) -> None:
    await home.post(PATH, SAVED)

    await home.post(PATH, LEFT | {"base_url": address})
    there = await _kept(home)
    await home.post(PATH, LEFT)

    assert there == {"base_url": address, "model": "small", "api": "chat"}
    assert "api_key" not in await _kept(home)  # it is gone, not put by


async def test_another_address_wants_the_key_that_it_needs(home: Home) -> None:
    path = "/settings/providers/Anthropic"
    given = {"base_url": "https://api.anthropic.com", "api_key": "sk-ant-secret"}
    await home.post(path, given)

    moved = await home.client.post(path, json={"base_url": "https://evil.test", "api_key": ""})

    assert moved.status_code == 400
    assert moved.json()["detail"] == "Missing required fields: ['api_key']"
    assert await _kept(home, "Anthropic") == given


async def test_nobody_elses_secret_stays(home: Home) -> None:
    await home.post(PATH, SAVED)

    async with home.sign_up("bob") as bob:
        await bob.post(PATH, json=LEFT)

    configured = await home.services.get(ProviderService).configured("bob@local")
    assert "api_key" not in configured["OpenAI"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"region": "us-east-1", "model": "m"}, AWS | {"model": "m"}),
        ({"region": "us-east-1", "api_key": "b"}, {"region": "us-east-1", "api_key": "b"}),
        (
            {"region": "us-east-1", "aws_access_key_id": "A2", "aws_secret_access_key": "s2"},
            {"region": "us-east-1", "aws_access_key_id": "A2", "aws_secret_access_key": "s2"},
        ),
    ],
)
async def test_the_keys_of_one_account_are_kept_or_replaced_together(
    given: dict[str, Any], kept: dict[str, str], home: Home
) -> None:
    await home.post(BEDROCK, AWS | {"aws_session_token": "t"})
    if "model" in given:
        kept = kept | {"aws_session_token": "t"}

    await home.post(BEDROCK, given)

    assert await _kept(home, "Bedrock") == kept


async def test_keys_of_aws_stay_in_their_region(home: Home) -> None:
    await home.post(BEDROCK, AWS)

    moved = await home.client.post(BEDROCK, json={"region": "eu-west-1"})

    assert moved.status_code == 400
    assert await _kept(home, "Bedrock") == AWS
