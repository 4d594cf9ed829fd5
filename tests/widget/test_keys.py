"""Public keys: what their owner sees and changes, and whose pages they open."""

import re

import httpx2
import pytest

from tests.home import BASE_URL, Home
from tests.widget.shop import SITE, Shop


async def _config(shop: Shop, **headers: str) -> httpx2.Response:
    async with shop.page(**headers) as page:
        return await page.get("/widget/config")


def _told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


async def test_a_key_has_the_members_of_the_contract(shop: Shop) -> None:
    assert re.fullmatch(r"pk_live_[0-9a-f]{32}", shop.key["public_key"])
    assert shop.key == {
        "key_id": shop.key["key_id"],
        "agent_id": shop.agent["agent_id"],
        "public_key": shop.key["public_key"],
        "name": "Shop",
        "allowed_origins": [SITE],
        "allow_anonymous": True,
        "welcome_message": None,
        "is_active": True,
        "created_by": "alice@local",
        "created_at": shop.key["created_at"],
        "last_used_at": None,
        "request_count": 0,
    }


async def test_keys_are_listed_read_changed_and_deleted(shop: Shop) -> None:
    client = shop.home.client
    changed = await client.patch(shop.key_path, json={"name": "Market", "allowed_origins": []})
    nothing = await client.patch(shop.key_path, json={"name": None})

    assert changed.json() == shop.key | {"name": "Market", "allowed_origins": []}
    assert nothing.json() == changed.json()
    assert await shop.home.get(shop.keys_path) == [changed.json()]
    assert await shop.home.get(shop.key_path) == changed.json()
    for _ in range(2):
        assert (await client.delete(shop.key_path)).status_code == 204
    for answer in (await client.get(shop.key_path), await client.patch(shop.key_path, json={})):
        assert _told(answer) == (404, "API key not found")
    assert await shop.home.get(shop.keys_path) == []


async def test_keys_are_for_the_owner_of_the_agent(shop: Shop) -> None:
    async with shop.home.sign_up("bob") as bob:
        answers = [
            await bob.post(shop.keys_path, json={"name": "Mine"}),
            await bob.get(shop.keys_path),
            await bob.get(shop.key_path),
            await bob.patch(shop.key_path, json={"is_active": False}),
            await bob.delete(shop.key_path),
        ]

    assert {_told(answer) for answer in answers} == {(404, "Agent not found")}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Shop.Example/", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:8080", "http://shop.example:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
async def test_an_origin_is_kept_as_browsers_write_it(shop: Shop, given: str, kept: str) -> None:
    changed = await shop.home.client.patch(shop.key_path, json={"allowed_origins": [given]})

    assert changed.json()["allowed_origins"] == [kept]


@pytest.mark.parametrize(
    "wrong",
    [
        *("shop.example", "https://", "ftp://shop.example", "https://shop.example/path", "null"),
        *("https://a@shop.example", "https://shop.example:99999", "https://<b>.example", "*"),
        *("https://straße.example", "https://a\u200db.example"),  # browsers make another host of it
    ],
)
async def test_what_is_no_origin_is_refused(shop: Shop, wrong: str) -> None:
    answer = await shop.home.client.patch(shop.key_path, json={"allowed_origins": [wrong]})

    assert answer.status_code == 422


@pytest.mark.parametrize("wrong", [{"allow_anonymous": 0}, {"is_active": "no"}])
async def test_yes_and_no_are_said_as_such(shop: Shop, wrong: dict[str, object]) -> None:
    assert (await shop.home.client.patch(shop.key_path, json=wrong)).status_code == 422


@pytest.mark.parametrize("name", ["", "  ", "n" * 101])
async def test_a_name_has_1_to_100_characters(shop: Shop, name: str) -> None:
    assert (await shop.home.client.post(shop.keys_path, json={"name": name})).status_code == 422


async def test_an_agent_has_a_hundred_keys_at_most(shop: Shop) -> None:
    for _ in range(99):
        await shop.home.post(shop.keys_path, {"name": "One more"})

    assert (await shop.home.client.post(shop.keys_path, json={"name": "?"})).status_code == 409
    await shop.home.client.delete(shop.key_path)
    await shop.home.post(shop.keys_path, {"name": "Again"})


async def test_a_page_is_told_what_it_must_know(shop: Shop) -> None:
    await shop.home.client.patch(shop.key_path, json={"welcome_message": "Hello!"})

    assert (await _config(shop)).json() == {
        "agent_name": "Shop",
        "agent_id": shop.agent["agent_id"],
        "welcome_message": "Hello!",
        "theme": {},
        "anonymous": True,
        "google": False,
    }


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example:444", "null", ""])
async def test_a_page_of_another_origin_is_refused(shop: Shop, origin: str) -> None:
    refused = f"Origin '{origin}' is not allowed for this API key"

    assert _told(await _config(shop, Origin=origin)) == (403, refused)


async def test_without_a_list_every_origin_may_come_and_none_too(home: Home) -> None:
    shop = await Shop.opened(home, allowed_origins=[])

    for origin in ("https://evil.example", ""):
        assert (await _config(shop, Origin=origin)).status_code == 200


async def test_this_servers_own_page_may_show_any_key(shop: Shop) -> None:
    assert (await _config(shop, Origin="", Sec_Fetch_Site="same-origin")).status_code == 200
    assert (await _config(shop, Origin=BASE_URL)).status_code == 200
    stranger = await _config(shop, Origin="", Sec_Fetch_Site="cross-site")
    assert stranger.status_code == 403


async def test_the_key_comes_in_its_header_only(shop: Shop) -> None:
    async with shop.page() as page:
        del page.headers["X-API-Key"]
        answer = await page.get("/widget/config", params={"api_key": shop.key["public_key"]})

    assert _told(answer) == (401, "Missing X-API-Key header")


@pytest.mark.parametrize("wrong", ["nonsense", "pk_live_" + "0" * 32, "sk_smriti_x"])
async def test_a_key_that_is_none_is_refused(shop: Shop, wrong: str) -> None:
    assert _told(await _config(shop, X_API_Key=wrong)) == (401, "Invalid API key")


async def test_a_key_that_is_switched_off_says_so(shop: Shop) -> None:
    assert (await _config(shop)).status_code == 200
    await shop.home.client.patch(shop.key_path, json={"is_active": False})
    assert _told(await _config(shop)) == (401, "API key is disabled")
    await shop.home.client.patch(shop.key_path, json={"is_active": True})
    assert (await _config(shop)).status_code == 200


@pytest.mark.parametrize("what", ["key", "agent"])
async def test_a_key_opens_nothing_from_the_moment_that_it_or_its_agent_is_gone(
    shop: Shop, what: str
) -> None:
    assert (await _config(shop)).status_code == 200

    path = shop.key_path if what == "key" else f"/agents/{shop.agent['agent_id']}"
    await shop.home.client.delete(path)

    assert _told(await _config(shop)) == (401, "Invalid API key")


async def test_every_request_that_is_let_in_is_counted(shop: Shop) -> None:
    for _ in range(3):
        await _config(shop)
    await _config(shop, Origin="https://evil.example")

    shown = await shop.home.get(shop.key_path)
    assert shown["request_count"] == 3
    assert shown["last_used_at"] is not None


async def test_pages_of_any_origin_can_read_answers_and_send_no_cookies(shop: Shop) -> None:
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key, authorization, content-type",
    }
    async with shop.page() as page:
        allowed = await page.options("/widget/conversations", headers=preflight)
        answer = await page.get("/widget/config")
        elsewhere = await page.get("/agents")

    for response in (allowed, answer):
        assert response.status_code == 200
        assert response.headers["Access-Control-Allow-Origin"] == SITE
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert "x-api-key" in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in elsewhere.headers
