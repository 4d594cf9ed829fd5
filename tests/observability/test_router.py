"""The operator's routes, over HTTP."""

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from smriti.core.config import Config
from smriti.core.edge import Services, install_error_handlers
from smriti.observability.health import Health
from smriti.observability.metrics import Metrics
from smriti.observability.router import router

_ELSEWHERE = "203.0.113.7"


async def _well() -> None:
    pass


async def _ill() -> None:
    raise ConnectionError("10.0.0.5 refused")


def _client(
    *, health: Health | None = None, token: str | None = None, client: str = "127.0.0.1"
) -> httpx2.AsyncClient:
    app = FastAPI()
    app.include_router(router)
    install_error_handlers(app)
    config = Config(_env_file=None, metrics_token=SecretStr(token) if token else None)
    app.state.services = Services(config, Metrics(), health or Health({"store": _well}))
    transport = httpx2.ASGITransport(app=app, client=(client, 50_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


async def test_a_server_whose_parts_answer_is_healthy() -> None:
    async with _client() as client:
        answer = await client.get("/health")

    assert answer.status_code == 200
    assert answer.json() == {"status": "healthy", "checks": {"store": "ok"}}


async def test_a_server_with_a_silent_part_is_503_and_tells_no_details() -> None:
    async with _client(health=Health({"store": _ill})) as client:
        answer = await client.get("/health")

    assert answer.status_code == 503
    assert answer.json() == {"status": "unhealthy", "checks": {"store": "failed"}}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_metrics_are_open_to_this_machine(address: str) -> None:
    async with _client(client=address) as client:
        answer = await client.get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "smriti_turns_started_total 0.0" in answer.text


@pytest.mark.parametrize("address", [_ELSEWHERE, "10.0.0.5", "no address"])
async def test_metrics_are_closed_to_others(address: str) -> None:
    async with _client(client=address) as client:
        answer = await client.get("/metrics", headers={"Authorization": "Bearer None"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/unauthenticated"


async def test_who_comes_through_a_proxy_on_this_machine_is_not_this_machine() -> None:
    async with _client() as client:
        answer = await client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})

    assert answer.status_code == 401


async def test_the_token_opens_metrics_from_anywhere() -> None:
    async with _client(token="scrape-me", client=_ELSEWHERE) as client:
        right = await client.get("/metrics", headers={"Authorization": "Bearer scrape-me"})
        wrong = await client.get("/metrics", headers={"Authorization": "Bearer scrape-you"})

    assert (right.status_code, wrong.status_code) == (200, 401)
