"""Every operation wants to know who calls, but for those that are public by name."""

import time
from collections.abc import Mapping, Set
from typing import Any, Final

import httpx2
import pytest
from jose import jwt

from smriti.agentserver.router import PATHS as OLDER_PATHS
from smriti.auth.secrets import load_secrets
from smriti.core.config import Config
from tests.api.clients import open_client
from tests.api.document import OPERATIONS, Operation
from tests.home import Home

PUBLIC: Final[Mapping[str, str]] = {
    "GET /health": "load balancers ask, and have no account",
    "GET /metrics": "for this machine, or for who has METRICS_TOKEN; it refuses others itself",
    "GET /login": "the link's one-time token says who comes",
    "GET /auth/methods": "a sign-in page must know what to offer",
    "POST /auth/link": "the same, for programs",
    "POST /auth/local/signup": "makes the account",
    "POST /auth/local/login": "the password says who comes",
    "GET /auth/google": "the way to Google",
    "GET /auth/callback": "the way back; Google says who comes",
    "GET /auth/callback/google": "the same, at its older address",
    "POST /auth/sign-out": "only forgets the caller's cookie",
    "GET /widget/auth/google": "a visitor's way to Google; the address names a public key",
    "GET /widget/auth/callback": "and back",
    "GET /payments/stripe/pricing": "the pricing page is read before signing up",
    "POST /payments/stripe/webhook": "the signature says that Stripe calls",
}
FOR_VISITORS: Final = [operation for operation in OPERATIONS if "widget_key" in operation.callers]
"""With a public key, from a page: see `tests/widget`."""

PRIVATE: Final = [
    operation
    for operation in OPERATIONS
    if str(operation) not in PUBLIC and operation not in FOR_VISITORS
]
FOR_PROGRAMS: Final = {str(each) for each in PRIVATE if "api_key" in each.callers}
"""What keys of programs open, too; which one, `test_scopes.py` says."""

FOR_CONSTELLATIONS: Final = {
    name for name in FOR_PROGRAMS if name.partition(" ")[2].startswith("/api/")
} - {"POST /api/sessions/{session_id}/approvals"}

_AIP: Final = FOR_CONSTELLATIONS & {
    "GET /api/health",
    "GET /api/clients",
    "POST /api/dispatch",
    "GET /api/task_result/{task_name}",
}
"""Their clients know 422 as the answer to a request without a key."""

_MISSING: Final = "Missing or invalid authorization header"
_NO_TOKEN: Final = "Invalid token"
_NO_KEY: Final = "Invalid API key"
_NOT_A_KEY: Final = "No API key may do this: sign in."

type Refusals = dict[str, tuple[int, str]]


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "sub": "alice@local",
        "name": "alice",
        "picture": None,
        "iat": now,
        "exp": now + 3600,
        "type": "user",
        "token_version": 0,
    } | changes


@pytest.fixture
def tokens(home: Home) -> dict[str, str]:
    """Tokens that open nothing, by what is wrong with them."""
    secret = load_secrets(home.services.get(Config)).jwt_secret.get_secret_value()
    right = jwt.get_unverified_claims(home.client.headers["Authorization"].partition(" ")[2])
    claims = _claims(token_version=right["token_version"])

    def signed(key: str, algorithm: str = "HS256", **changes: Any) -> str:
        return str(jwt.encode(claims | changes, key, algorithm=algorithm))

    return {
        "nonsense": "nonsense",
        "another secret": signed("another secret of thirty-two bytes"),
        "another algorithm": signed(secret, "HS384"),
        "unsigned": "eyJhbGciOiJub25lIn0." + signed(secret).split(".")[1] + ".",
        "expired": signed(secret, exp=int(time.time()) - 1),
        "a widget visitor's": signed(secret, type="widget_visitor"),
        "revoked": signed(secret, token_version=1 - right["token_version"]),
        "of nobody": signed(secret, sub="nobody@local"),
    }


def test_the_public_operations_are_operations() -> None:
    assert PUBLIC.keys() <= {str(operation) for operation in OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_declares_its_caller_or_is_public(operation: Operation) -> None:
    assert ("bearer" in operation.callers) == (operation in PRIVATE)
    known = {"widget_key", "visitor"} if operation in FOR_VISITORS else {"api_key", "bearer"}
    assert operation.callers.keys() <= known


async def _refusals(client: httpx2.AsyncClient, without: Set[str] = frozenset()) -> Refusals:
    """What every private operation but some answers to this client: status and sentence."""
    answers = {}
    for operation in PRIVATE:
        if str(operation) in without:
            continue
        path = operation.path_with({})
        response = await client.request(operation.method, path, json=operation.body)
        problem, older = response.json(), operation.path in OLDER_PATHS
        told = "application/json" if older else "application/problem+json"
        assert response.headers["Content-Type"] == told
        assert response.status_code != 401 or response.headers["WWW-Authenticate"] == "Bearer"
        sentence = problem["message" if older else "detail"]
        answers[str(operation)] = response.status_code, sentence
    return answers


def _everywhere(sentence: str) -> Refusals:
    return {str(operation): (401, sentence) for operation in PRIVATE}


async def test_without_a_token_nobody_is_let_in(home: Home) -> None:
    async with open_client(home.app) as client:
        refusals = await _refusals(client)

    no_header = (422, "Send an API key in the header X-API-Key.")
    assert refusals == _everywhere(_MISSING) | dict.fromkeys(_AIP, no_header)


async def test_with_an_api_key_that_is_not_good_nobody_is_let_in(home: Home) -> None:
    async with open_client(home.app, **{"X-API-Key": "nonsense"}) as client:
        refusals = await _refusals(client)

    assert refusals == _everywhere(_MISSING) | dict.fromkeys(FOR_PROGRAMS, (401, _NO_KEY))


@pytest.mark.parametrize(
    ("kind", "opened"), [("device", set[str]()), ("constellation", FOR_CONSTELLATIONS)]
)
@pytest.mark.parametrize("as_bearer", [True, False])
async def test_a_key_for_devices_opens_nothing_that_is_for_people_or_programs(
    kind: str, opened: set[str], as_bearer: bool, home: Home
) -> None:
    made = await home.post("/devices/keys", {"name": "Planner", "kind": kind})
    key = made["key"]
    headers = {"Authorization": f"Bearer {key}"} if as_bearer else {"X-API-Key": key}

    async with open_client(home.app, **headers) as client:
        refusals = await _refusals(client, without=opened)

    programs = {name: refusals.pop(name)[0] for name in FOR_PROGRAMS - opened}
    assert set(programs.values()) == {403}
    assert set(refusals.values()) == {(401, _NOT_A_KEY if as_bearer else _MISSING)}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("nonsense", _NO_TOKEN),
        ("another secret", _NO_TOKEN),
        ("another algorithm", _NO_TOKEN),
        ("unsigned", _NO_TOKEN),
        ("expired", "Token expired"),
        ("a widget visitor's", "Invalid token type"),
        ("revoked", "Token revoked"),
        ("of nobody", "User not found"),
    ],
)
async def test_with_a_token_that_is_not_good_nobody_is_let_in(
    wrong: str, sentence: str, home: Home, tokens: dict[str, str]
) -> None:
    async with open_client(home.app, Authorization=f"Bearer {tokens[wrong]}") as client:
        refusals = await _refusals(client)

    assert refusals == _everywhere(sentence)


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
async def test_another_scheme_is_no_bearer_token(scheme: str, home: Home) -> None:
    token = home.client.headers["Authorization"].partition(" ")[2]

    async with open_client(home.app, Authorization=f"{scheme} {token}".strip()) as client:
        response = await client.get("/agents")

    assert response.status_code == 401


async def test_a_token_in_the_query_opens_nothing(home: Home) -> None:
    token = home.client.headers["Authorization"].partition(" ")[2]

    async with open_client(home.app) as client:
        response = await client.get("/agents", params={"token": token})

    assert response.status_code == 401


async def test_public_operations_let_strangers_in(home: Home) -> None:
    """They may refuse, but never for the want of a token."""
    refusals = {}
    async with open_client(home.app) as client:
        for operation in OPERATIONS:
            if str(operation) in PUBLIC:
                response = await client.request(operation.method, operation.path)
                if response.status_code == 401:
                    refusals[str(operation)] = response.text
        metrics = await client.get("/metrics")

    assert refusals.keys() == {"GET /login"}
    assert "link was used already" in refusals["GET /login"]
    assert metrics.status_code == 200
