"""Who is let in where programs may call: the user, and her constellation keys."""

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx2
import pytest

from smriti.auth.keys.dependencies import KeyIsThere, KeyOrUser
from smriti.users.service import UserService
from tests.api.clients import open_client
from tests.home import Home

type Headers = dict[str, str]

_STRANGER: Final = f"sk_smriti_{'0' * 36}_{'a' * 43}"
_INVALID: Final = (401, "/problems/invalid-api-key", "Invalid API key")


@pytest.fixture
async def stranger(home: Home) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a token, at a server with two routes for programs."""

    async def whoami(principal: KeyOrUser) -> list[Any]:
        return [principal.owner, principal.kind, principal.key and principal.key.name]

    home.app.get("/for-programs")(whoami)
    home.app.get("/for-aip", dependencies=[KeyIsThere])(whoami)
    async with open_client(home.app) as client:
        yield client


async def _key(home: Home, kind: str = "constellation") -> str:
    made = await home.post("/devices/keys", {"name": "Planner", "kind": kind})
    return str(made["key"])


def _ways(key: str) -> list[Headers]:
    bearer = {"Authorization": f"Bearer {key}"}
    return [{"X-API-Key": key}, bearer, {"X-API-Key": key, "Authorization": "Bearer nonsense"}]


async def _refusals(client: httpx2.AsyncClient, *ways: Headers) -> set[tuple[int, str, str]]:
    answers = [
        await client.get(path, headers=headers)
        for path in ("/for-programs", "/for-aip")
        for headers in ways
    ]
    problems = [answer.json() for answer in answers]
    return {(each["status"], each["type"], each["detail"]) for each in problems}


async def test_a_constellation_key_acts_for_its_owner(
    home: Home, stranger: httpx2.AsyncClient
) -> None:
    answers = [
        await stranger.get(path, headers=headers)
        for path in ("/for-programs", "/for-aip")
        for headers in _ways(await _key(home))
    ]

    assert [each.json() for each in answers] == [["alice@local", "constellation", "Planner"]] * 6


async def test_the_user_herself_needs_no_key(home: Home, stranger: httpx2.AsyncClient) -> None:
    token = home.client.headers["Authorization"].partition(" ")[2]
    cookie = {"Cookie": f"smriti_session={token}", "Sec-Fetch-Site": "same-origin"}

    by_token = await home.client.get("/for-programs")
    by_cookie = await stranger.get("/for-aip", headers=cookie)

    assert [by_token.json(), by_cookie.json()] == [["alice@local", "user", None]] * 2


async def test_a_device_key_commands_nobody(home: Home, stranger: httpx2.AsyncClient) -> None:
    [(status, kind, detail)] = await _refusals(stranger, *_ways(await _key(home, "device")))

    assert (status, kind) == (403, "/problems/device-key-refused")
    assert "constellation" in detail


async def test_a_key_that_is_not_ours_is_refused(stranger: httpx2.AsyncClient) -> None:
    wrong = [{"X-API-Key": value} for value in ("nonsense", "k" * 8000)]

    assert await _refusals(stranger, *wrong, *_ways(_STRANGER)) == {_INVALID}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
async def test_a_key_that_is_not_ascii_is_refused(
    encoding: str, stranger: httpx2.AsyncClient
) -> None:
    header = {b"X-API-Key": "Schlüssel".encode(encoding)}

    answer = await stranger.get("/for-aip", headers=header)

    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid API key")


async def test_a_wrong_key_is_not_made_good_by_a_sign_in(
    home: Home, stranger: httpx2.AsyncClient
) -> None:
    signed_in = {"Authorization": home.client.headers["Authorization"]}

    assert await _refusals(stranger, signed_in | {"X-API-Key": _STRANGER}) == {_INVALID}


async def test_a_revoked_key_is_refused_at_once(home: Home, stranger: httpx2.AsyncClient) -> None:
    key = await _key(home)
    [listed] = await home.get("/devices/keys")

    await home.client.delete(f"/devices/keys/{listed['key_id']}")

    assert await _refusals(stranger, *_ways(key)) == {_INVALID}


async def test_a_key_of_a_deleted_account_is_refused_at_once(
    home: Home, stranger: httpx2.AsyncClient
) -> None:
    key = await _key(home)

    await home.client.delete("/users/me")

    assert await _refusals(stranger, *_ways(key)) == {_INVALID}
    await home.services.get(UserService).close()
    assert await home.items_with("ApiKey") == []


async def test_without_anything_a_client_of_aip_is_told_of_the_missing_header(
    stranger: httpx2.AsyncClient,
) -> None:
    usual = await stranger.get("/for-programs")
    aip = await stranger.get("/for-aip")
    foreign = await stranger.get("/for-aip", headers={"Cookie": "smriti_session=x"})

    assert (usual.status_code, usual.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (aip.status_code, foreign.status_code) == (422, 401)
    [error] = aip.json()["errors"]
    assert error == {"type": "missing", "loc": ["header", "x-api-key"], "msg": "Field required"}


async def test_a_key_opens_nothing_that_is_for_people(
    home: Home, stranger: httpx2.AsyncClient
) -> None:
    key = await _key(home)

    answers = [
        await stranger.get(path, headers=headers)
        for path in ("/agents", "/devices/keys", "/users/me/export")
        for headers in _ways(key)[:2]
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 401, 401, 403, 403]
