"""Who holds which token gets in where."""

import base64
import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jose import jwt
from pydantic import SecretStr

from smriti.auth.tokens import LIFETIME_S, NotSignedIn, Tokens, admit
from smriti.core.clock import utc_now
from smriti.users.models import User
from tests.auth.server import SECRET, Server, forged, old
from tests.fakes.clock import Clock


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def joined(parts: list[bytes]) -> str:
    return ".".join(base64.urlsafe_b64encode(part).decode() for part in parts)


async def refusal(browser: httpx2.AsyncClient, headers: dict[str, str]) -> tuple[int, str]:
    answer = await browser.get("/auth/me", headers=headers)
    return answer.status_code, answer.json()["detail"]


async def test_a_token_tells_who_is_signed_in(server: Server) -> None:
    async with await server.signed_in() as browser:
        answer = await browser.get("/auth/me")

    assert answer.status_code == 200
    profile = {"email": "ada@local", "name": "ada", "picture": None}
    assert answer.json() == profile | {"has_password": True, "sign_in": "local"}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_token_has_the_claims_of_the_contract(server: Server) -> None:
    token = await server.sign_up()
    user = await server.users.get("ada@local")

    claims = jwt.get_unverified_claims(token)

    assert claims == {
        "sub": "ada@local",
        "name": "ada",
        "picture": None,
        "iat": claims["iat"],
        "exp": claims["iat"] + LIFETIME_S,
        "type": "user",
        "token_version": user.token_version,
    }
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}


def test_a_tokens_payload_is_ascii() -> None:
    token = Tokens(SecretStr(SECRET)).issue(User(email="ada@example.com", name="Ädä 🦉"))

    payload = base64.urlsafe_b64decode(token.split(".")[1] + "==")

    assert payload.isascii()
    assert json.loads(payload)["name"] == "Ädä 🦉"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": "Basic x"}],
)
async def test_without_a_bearer_token_nobody_is_signed_in(
    browser: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await browser.get("/auth/me", headers=headers)

    assert answer.status_code == 401
    assert answer.json() == {
        "type": "/problems/unauthenticated",
        "title": "Not signed in",
        "status": 401,
        "detail": "Missing or invalid authorization header",
        "path": "/auth/me",
    }
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_in_the_address_does_not_count(server: Server) -> None:
    token = await server.sign_up()

    async with server.browser() as browser:
        answer = await browser.get("/auth/me", params={"token": token})

    assert answer.status_code == 401


async def test_a_token_of_another_secret_is_refused(server: Server) -> None:
    token = forged(await server.sign_up(), secret="another-secret-of-at-least-32-bytes")

    async with server.browser() as browser:
        assert await refusal(browser, bearer(token)) == (401, "Invalid token")


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", ["HS256"], None, 7])
async def test_only_one_algorithm_counts(server: Server, algorithm: object) -> None:
    _, payload, signature = (await server.sign_up()).split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).decode().rstrip("=")

    async with server.browser() as browser:
        for given_signature in ("", signature):
            token = f"{header}.{payload}.{given_signature}"
            assert await refusal(browser, bearer(token)) == (401, "Invalid token")


async def test_an_expired_token_is_refused(server: Server) -> None:
    token = old(await server.sign_up(), left_s=-1)

    async with server.browser() as browser:
        assert await refusal(browser, bearer(token)) == (401, "Token expired")


def test_a_token_that_was_read_expires_all_the_same() -> None:
    clock = Clock()
    tokens = Tokens(SecretStr(SECRET), clock=clock)
    token = tokens.issue(User(email="ada@example.com", name="Ada"))

    clock.now += LIFETIME_S
    assert tokens.read(token).exp == clock.now
    clock.now += 1
    with pytest.raises(NotSignedIn, match="Token expired"):
        tokens.read(token)


@pytest.mark.parametrize("kind", ["widget_visitor", None])
async def test_a_token_of_another_kind_is_refused(server: Server, kind: str | None) -> None:
    token = forged(await server.sign_up(), type=kind)

    async with server.browser() as browser:
        assert await refusal(browser, bearer(token)) == (401, "Invalid token type")


async def test_a_signed_token_without_an_expiry_is_refused(server: Server) -> None:
    claims = jwt.get_unverified_claims(await server.sign_up())
    del claims["exp"]

    async with server.browser() as browser:
        token = jwt.encode(claims, SECRET, algorithm="HS256")
        assert await refusal(browser, bearer(token)) == (401, "Invalid token")


async def test_a_signed_token_that_names_nobody_is_refused(server: Server) -> None:
    token = forged(await server.sign_up(), token_version=None)

    async with server.browser() as browser:
        assert await refusal(browser, bearer(token)) == (401, "Invalid token")


async def test_a_token_of_a_missing_account_is_refused(server: Server) -> None:
    token = forged(await server.sign_up(), sub="nobody@local")

    async with server.browser() as browser:
        assert await refusal(browser, bearer(token)) == (401, "User not found")


def test_an_account_that_is_being_deleted_admits_nobody() -> None:
    tokens = Tokens(SecretStr(SECRET))
    user = User.new("ada@example.com", "Ada")
    claims = tokens.read(tokens.issue(user))

    assert admit(claims, user) is user
    for gone in (None, user.model_copy(update={"deleted_at": utc_now()})):
        with pytest.raises(NotSignedIn, match="User not found"):
            admit(claims, gone)


async def test_claims_alone_are_checked_without_the_account(server: Server) -> None:
    token = forged(await server.sign_up(), sub="nobody@local")

    async with server.browser() as browser:
        answer = await browser.get("/claims", headers=bearer(token))

    assert answer.json() == "nobody@local"


async def test_a_deeply_nested_token_is_refused(browser: httpx2.AsyncClient) -> None:
    header = base64.urlsafe_b64encode(b"[" * 200_000).decode()

    assert await refusal(browser, bearer(f"{header}.e30.e30")) == (401, "Invalid token")


@given(st.text() | st.lists(st.binary(), min_size=3, max_size=3).map(joined))
def test_no_text_breaks_the_reader(token: str) -> None:
    with pytest.raises(NotSignedIn):
        Tokens(SecretStr(SECRET)).read(token)
