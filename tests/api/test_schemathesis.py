"""Whatever schemathesis makes of the document, valid or not, is answered as the document says.

Each request is sent twice: as it was made, and to things that exist. Requests are derived from the
document alone, so every run sends the same ones.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final, cast

import pytest
import requests
import schemathesis
from fastapi import FastAPI, Request
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from schemathesis import checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.python import asgi
from schemathesis.specs.openapi import checks as openapi_checks

from smriti.app import create_app
from smriti.auth.dependencies import CurrentUser
from smriti.auth.passwords import Passwords
from smriti.core.clock import new_id, unix_now
from smriti.core.config import Config
from smriti.core.edge import Services
from smriti.devices.hub import Hub
from smriti.devices.service import DeviceService
from smriti.llm.provider import ProviderFactories
from smriti.llm.providers.demo import DemoProvider
from smriti.observability.logs import configure_logging
from tests.api.document import DOCUMENT
from tests.devices.line import plug_in_machine
from tests.fakes.memory_stripe import MemoryStripe
from tests.home import BASE_URL, CHEAP, PASSWORD, events_of

_SCHEMA: Final = schemathesis.openapi.from_dict(DOCUMENT)
_SCHEMA.config.generation.update(with_security_parameters=False)  # test_callers.py tries those
_CHECKS: Final[list[schemathesis.CheckFunction]] = [
    checks.not_a_server_error,
    openapi_checks.allow_header_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.negative_data_rejection,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.status_code_conformance,
    openapi_checks.unsupported_method,
]
_EXCLUDED: Final[dict[str, list[schemathesis.CheckFunction]]] = {
    # 503 is the documented answer of a server that has no Google client.
    "/auth/google": [checks.not_a_server_error],
    "/auth/callback": [checks.not_a_server_error],
    "/auth/callback/google": [checks.not_a_server_error],
    # Forms send numbers as text, and an empty text for what was left alone.
    "/agents": [openapi_checks.negative_data_rejection],
    "/agents/{agent_id}": [openapi_checks.negative_data_rejection],
    # DELETE, GET and PUT are there: they take the last word for the id of an agent.
    "/agents/import": [openapi_checks.allow_header_conformance],
    "/agents/supported-models": [openapi_checks.allow_header_conformance],
    "/agents/templates": [openapi_checks.allow_header_conformance],
    # The same of a device; GET is the list of keys.
    "/devices/keys": [openapi_checks.allow_header_conformance],
    "/devices/events": [openapi_checks.allow_header_conformance],
}

_PLUG_IN: Final = "/for-tests/device"

type Ids = dict[str, str]


async def _plug_in(request: Request, user: CurrentUser) -> None:
    """Connect a device of the caller, which cannot be done over HTTP."""
    services: Services = request.app.state.services
    there = services.get(Hub).find(user.email, "lab-7")
    if there is None:
        await plug_in_machine(services, "lab-7", owner=user.email)
    else:
        await services.get(DeviceService).seen(there)  # its owner may have deleted it


class World:
    """A server with one person signed in, reached without a socket."""

    def __init__(self, app: FastAPI, session: requests.Session) -> None:
        self.app = app
        self._session = session
        self._names = (f"person-{number}" for number in count())

    def post(self, path: str, body: dict[str, str]) -> dict[str, str]:
        response = self._session.post(BASE_URL + path, json=body)
        answer: dict[str, str] = response.json()
        return answer

    def authorization(self) -> dict[str, str]:
        """A header that counts; somebody new signs up when the last one has gone."""
        if self._session.get(f"{BASE_URL}/auth/me").status_code == 401:
            account = {"username": next(self._names), "password": PASSWORD}
            token = self.post("/auth/local/signup", account)["token"]
            self._session.headers["Authorization"] = f"Bearer {token}"
        return {"Authorization": str(self._session.headers["Authorization"])}

    def ids(self) -> Ids:
        """The values of path parameters under which there is something."""
        agent = self.post(
            "/agents",
            {
                "agent_name": "Librarian",
                "agent_architecture": "krishna-memgpt",
                "agent_provider": "Demo",
                "agent_persona": "Knows every shelf.",
            },
        )["agent_id"]
        conversation = self.post("/conversations/", {"agent_id": agent})
        self.post(
            f"/agents/{agent}/memory-blocks", {"name": "projects", "description": "Her projects"}
        )
        memory = self.post(f"/agents/{agent}/archival-memory", {"content": "Drinks tea"})
        path = f"/agents/{agent}/{conversation['conversation_id']}/send-message"
        stream = self._session.post(BASE_URL + path, json={"content": "Hi"}).text
        end = events_of(stream)[-1]
        self.post(_PLUG_IN, {})
        task = {"client_id": "lab-7", "request": "Look around.", "task_name": "look"}
        return {
            "client_id": "lab-7",
            "session_id": self.post("/api/dispatch", task)["session_id"],
            "task_name": "look",
            "key_id": self._key_id(),
            "message_id": end["message_id"],
            "turn_id": end["turn_id"],
            "agent_id": agent,
            "conversation_id": conversation["conversation_id"],
            "memory_id": memory["memory_id"],
            "number": "0",
            "name": "projects",
            "provider_name": "OpenAI",
        }

    def _key_id(self) -> str:
        """One that is there already, if any: a person may not have many."""
        there: list[Ids] = self._session.get(f"{BASE_URL}/devices/keys").json()
        if there:
            return there[0]["key_id"]
        return self.post("/devices/keys", {"name": "Laptop", "kind": "device"})["key_id"]


# Without a parameter, pytest gives all operations one name, of which pytest-xdist runs but one.
@pytest.fixture(scope="module", params=["local"])
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("data")
    config = Config(
        _env_file=None,
        smriti_data_dir=data,
        plan_limits="off",
        stripe_webhook_secret=SecretStr("whsec"),
    )
    providers: ProviderFactories = {
        "Demo": lambda _: DemoProvider(),
        "OpenAI": lambda _: DemoProvider(),
        "Anthropic": lambda _: DemoProvider(),
    }
    app = create_app(
        config,
        providers=providers,
        payments=MemoryStripe(now=unix_now()),
        passwords=Passwords(cost=CHEAP),
    )
    app.post(_PLUG_IN)(_plug_in)
    with asgi.get_client(cast(asgi.ASGIApp, app)) as session:
        _SCHEMA.app = app
        yield World(app, session)


@pytest.fixture(autouse=True)
def quiet(usual_logging: None) -> None:
    """What a request begins may end after its test, when nothing collects the log any more."""
    configure_logging("ERROR", "text")


@pytest.fixture
def authorization(world: World) -> dict[str, str]:
    return world.authorization()


@pytest.fixture
def ids(world: World, authorization: dict[str, str]) -> Ids:
    return world.ids()


@_SCHEMA.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_answers_as_documented(
    case: schemathesis.Case[Any], world: World, authorization: dict[str, str], ids: Ids
) -> None:
    if any(str(value).endswith(("\n", "%0A")) for value in case.path_parameters.values()):
        return  # the framework's routes overlook a line end: this may be another operation
    excluded = _EXCLUDED.get(case.path, [])
    _send(case, world, authorization, excluded)
    if case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH):
        excluded = [*excluded, openapi_checks.negative_data_rejection]  # it is mended now
    there = case.derive()
    there.path_parameters = {name: ids[name] for name in case.path_parameters}
    _send(there, world, authorization, excluded)


def _send(
    case: schemathesis.Case[Any],
    world: World,
    authorization: dict[str, str],
    excluded: list[schemathesis.CheckFunction],
) -> None:
    if case.meta is None or not case.meta.is_negative_at(ParameterLocation.HEADER):
        _renew_key(case)
    response = case.call_and_validate(
        BASE_URL,
        headers=authorization,
        checks=_CHECKS,
        excluded_checks=excluded,
        app=world.app,
    )
    assert response.status_code in {*range(200, 500), 503}


def _renew_key(case: schemathesis.Case[Any]) -> None:
    """Nearly all keys are made alike, and a second request with a key tells nothing more."""
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = new_id()
