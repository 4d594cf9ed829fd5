"""Visitors' tokens: how one gets them, and that they open nothing else."""

import time
from typing import Any

import pytest
from jose import jwt

from smriti.auth.secrets import load_secrets
from smriti.core.config import Config
from smriti.widget.tokens import GRACE_S, LIFETIME_S
from tests.api.clients import open_client
from tests.home import Home
from tests.widget.shop import Shop

PRIVATE = ("/agents", "/auth/me", "/conversations/", "/usage", "/devices", "/api-keys")


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.get_unverified_claims(token)
    return claims


def forged(home: Home, token: str, **claims: Any) -> str:
    """The token with other claims, under the server's own secret."""
    secret = load_secrets(home.services.get(Config)).jwt_secret.get_secret_value()
    return str(jwt.encode(_claims(token) | claims, secret, algorithm="HS256"))


async def _enter(shop: Shop) -> dict[str, Any]:
    async with shop.page() as page:
        answer = await page.post("/widget/auth/anonymous")
    assert answer.headers["Cache-Control"] == "no-store"
    entered: dict[str, Any] = answer.json()
    return entered


async def _listed(shop: Shop, token: str, path: str = "/widget/conversations") -> tuple[int, str]:
    async with shop.page(Authorization=f"Bearer {token}") as page:
        answer = await page.get(path)
    problem = answer.json()
    return answer.status_code, problem["detail"] if isinstance(problem, dict) else ""


async def test_a_visitor_needs_no_name(shop: Shop) -> None:
    entered = await _enter(shop)

    visitor_id = entered["visitor"]["visitor_id"]
    assert entered == {
        "access_token": entered["access_token"],
        "token_type": "bearer",
        "expires_in": LIFETIME_S,
        "visitor": {"visitor_id": visitor_id, "email": None, "name": "Visitor", "picture": None},
    }
    claims = _claims(entered["access_token"])
    assert claims == {
        "sub": visitor_id,
        "name": "Visitor",
        "picture": None,
        "iat": claims["iat"],
        "exp": claims["iat"] + LIFETIME_S,
        "type": "widget_visitor",
        "aud": "widget",
        "email": None,
        "agent_id": shop.agent["agent_id"],
        "key_id": shop.key["key_id"],
    }


async def test_two_visitors_are_two(shop: Shop) -> None:
    visitors = [(await _enter(shop))["visitor"]["visitor_id"] for _ in range(2)]

    assert visitors[0] != visitors[1]


async def test_an_owner_may_want_to_know_who_talks(shop: Shop) -> None:
    await shop.home.client.patch(shop.key_path, json={"allow_anonymous": False})

    async with shop.page() as page:
        answer = await page.post("/widget/auth/anonymous")

    assert answer.status_code == 403
    assert "sign in with Google" in answer.json()["detail"]


async def test_who_came_without_a_name_stays_no_longer_than_the_owner_wants_it(
    shop: Shop,
) -> None:
    token = (await _enter(shop))["access_token"]
    await shop.home.client.patch(shop.key_path, json={"allow_anonymous": False})

    async with shop.page(Authorization=f"Bearer {token}") as page:
        answers = [
            await page.get("/widget/conversations"),
            await page.post("/widget/auth/refresh"),
        ]
    named = forged(shop.home, token, email="ada@example.com")

    assert [(each.status_code, each.json()["type"]) for each in answers] == [
        (401, "/problems/unauthenticated")
    ] * 2
    assert await _listed(shop, named) == (200, "")


async def test_a_conversation_needs_a_visitor(shop: Shop) -> None:
    async with shop.page() as page:
        answer = await page.post("/widget/conversations", json={})

    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "Missing or invalid authorization header",
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"type": "user"}, "Invalid token type"),
        ({"aud": "other"}, "Invalid token"),
        ({"agent_id": "another"}, "Token of another widget"),
        ({"key_id": "another"}, "Token of another widget"),
        ({"exp": int(time.time()) - 1}, "Token expired"),
        ({"exp": "soon"}, "Invalid token"),
    ],
)
async def test_a_token_of_something_else_is_refused(
    shop: Shop, wrong: dict[str, Any], told: str
) -> None:
    token = (await _enter(shop))["access_token"]

    assert await _listed(shop, token) == (200, "")
    assert await _listed(shop, forged(shop.home, token, **wrong)) == (401, told)


async def test_a_dashboard_token_makes_no_visitor(shop: Shop) -> None:
    token = shop.home.client.headers["Authorization"].removeprefix("Bearer ")

    assert await _listed(shop, token) == (401, "Invalid token type")


@pytest.mark.parametrize("path", PRIVATE)
async def test_a_visitors_token_opens_nothing_of_the_dashboard(shop: Shop, path: str) -> None:
    token = (await _enter(shop))["access_token"]

    async with open_client(shop.home.app, Authorization=f"Bearer {token}") as client:
        answer = await client.get(path)

    if answer.status_code != 404:  # the path may not be there yet
        assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid token type")


async def test_a_token_of_another_agent_is_refused(shop: Shop) -> None:
    token = (await _enter(shop))["access_token"]
    other = await Shop.opened(shop.home, await shop.home.agent(agent_name="Gardener"))

    assert await _listed(other, token) == (401, "Token of another widget")


@pytest.mark.parametrize("ended_s", [-3600, 3600, GRACE_S - 60])
async def test_a_token_is_exchanged_for_a_new_one_of_the_same_visitor(
    shop: Shop, ended_s: int
) -> None:
    entered = await _enter(shop)
    token = forged(shop.home, entered["access_token"], exp=int(time.time()) - ended_s)

    async with shop.page(Authorization=f"Bearer {token}") as page:
        renewed = (await page.post("/widget/auth/refresh")).json()

    assert renewed["visitor"] == entered["visitor"]
    assert await _listed(shop, renewed["access_token"]) == (200, "")


async def test_a_token_that_ended_long_ago_is_not_exchanged(shop: Shop) -> None:
    entered = await _enter(shop)
    token = forged(shop.home, entered["access_token"], exp=int(time.time()) - GRACE_S - 60)

    async with shop.page(Authorization=f"Bearer {token}") as page:
        answer = await page.post("/widget/auth/refresh")

    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
