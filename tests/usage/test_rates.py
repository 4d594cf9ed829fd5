"""How often one caller may call, from outside."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from smriti.core.config import Config
from smriti.db.table import Table
from smriti.factories import rate_windows
from smriti.realtime.memory_windows import MemoryWindows
from smriti.realtime.windows import RateWindows
from smriti.usage.rates import RequestRates
from smriti.usage.table_windows import TableWindows
from tests.api.clients import open_client
from tests.fakes.clock import Clock
from tests.fakes.counting_table import CountingTable
from tests.home import COUNTED_HELLO, HELLO, PLAIN_TURN, Home, open_home

_NOON: Final = 1_800_000_000 - 1_800_000_000 % 3600
"""The begin of an hour. Windows end by this clock, so that none ends within a test."""


def _limit(
    home: Home, windows: RateWindows | None = None, *, chat: int = 100, hour: int = 1000
) -> Clock:
    clock = Clock(_NOON + 20)
    windows = windows or MemoryWindows(clock)
    home.services.add(RequestRates(windows, chat_per_minute=chat, per_hour=hour, clock=clock))
    return clock


async def _program(home: Home, scopes: list[str]) -> dict[str, str]:
    made = await home.post("/api-keys", {"name": "Robot", "scopes": scopes})
    return {"X-API-Key": made["key"]}


async def test_a_message_too_many_is_refused_and_is_not_kept(home: Home) -> None:
    conversation = await home.conversation(await home.agent())
    clock = _limit(home, chat=2)
    sent = [await home.send(conversation, {"content": "Hi"}) for _ in range(2)]
    before = await home.messages(conversation)

    refused = await home.send(conversation, {"content": "Hi"})

    assert [each.status_code for each in sent] == [200, 200]
    assert refused.status_code == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert {name: value for name, value in refused.json().items() if name != "path"} == {
        "type": "/problems/rate-limited",
        "title": "Too many requests",
        "status": 429,
        "detail": "2 messages a minute are allowed. Try again in 40 seconds.",
    }
    names = ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    assert [refused.headers[name] for name in names] == ["40", "2", "0", "40"]
    assert await home.messages(conversation) == before
    clock.now += 40
    assert (await home.send(conversation, {"content": "Hi"})).status_code == 200


async def test_who_is_refused_in_the_turns_own_round_trip_gives_the_conversation_back(
    home: Home,
) -> None:
    conversation = await home.conversation(await home.agent())
    _limit(home, TableWindows(home.table, lambda: _NOON), chat=1)
    await home.send(conversation, {"content": "Hi"})

    refused = await home.send(conversation, {"content": "Hi"})
    _limit(home)
    answered = await home.send(conversation, {"content": "Hi"})

    assert (refused.status_code, answered.status_code) == (429, 200)
    assert "Waiting" not in answered.text


async def test_retries_and_edits_are_messages(home: Home) -> None:
    conversation = await home.conversation(await home.agent())
    await home.say(conversation, "Hi")
    [question, _] = await home.messages(conversation)
    path = f"/conversations/{conversation['conversation_id']}/messages/{question['message_id']}"
    _limit(home, chat=1)

    retried = await home.client.post(f"{path}/retry")
    edited = await home.client.post(f"{path}/edit", json={"content": "Hello"})

    assert (retried.status_code, edited.status_code) == (200, 429)


async def test_whatever_comes_is_counted_even_if_it_is_refused(home: Home) -> None:
    conversation = await home.conversation(await home.agent())
    _limit(home, hour=4)

    answers = [
        (await home.client.get("/agents")).status_code,
        (await home.client.get("/agents/none")).status_code,
        (await home.client.post("/agents", json={})).status_code,
        (await home.send(conversation, {"content": 5})).status_code,
        (await home.client.get("/agents")).status_code,
        (await home.send(conversation, {"content": "Hi"})).status_code,
    ]

    assert answers == [200, 404, 422, 422, 429, 429]


async def test_a_request_that_is_answered_again_is_counted_each_time_but_not_twice(
    home: Home,
) -> None:
    agent = await home.agent()
    _limit(home, hour=3)

    answers = [
        await home.client.post(
            "/conversations/",
            json={"agent_id": agent["agent_id"], "title": "Tea"},
            headers={"Idempotency-Key": "once"},
        )
        for _ in range(4)
    ]

    assert [each.status_code for each in answers] == [201, 201, 201, 429]
    assert [each.headers.get("Idempotency-Replayed") for each in answers] == [
        *(None, "true", "true"),
        None,
    ]


async def test_a_user_is_one_caller_by_token_and_by_cookie_and_another_is_another(
    home: Home,
) -> None:
    token = home.client.headers["Authorization"].partition(" ")[2]
    cookie = {"Cookie": f"smriti_session={token}", "Sec-Fetch-Site": "same-origin"}
    async with home.sign_up("bob") as bob, open_client(home.app, **cookie) as page:
        _limit(home, hour=1)

        answers = [await each.get("/agents") for each in (home.client, page, bob)]

    assert [each.status_code for each in answers] == [200, 429, 200]


async def test_each_key_is_a_caller_of_its_own(home: Home) -> None:
    first, second = [await _program(home, ["agents:read"]) for _ in range(2)]
    _limit(home, hour=1)

    async with open_client(home.app) as client:
        answers = [
            await client.get("/agents", headers=headers) for headers in (first, second, first)
        ]
    own = await home.client.get("/agents")

    assert [each.status_code for each in (*answers, own)] == [200, 200, 429, 200]


async def test_strangers_count_by_their_address_whatever_they_show(home: Home) -> None:
    _limit(home, hour=3)
    shown: list[dict[str, str]] = [
        {},
        {"X-API-Key": "sk_smriti_nonsense"},
        {"Authorization": "Bearer nonsense"},
        {"X-API-Key": "another"},
    ]

    async with open_client(home.app) as client:
        answers = [await client.get("/payments/stripe/pricing", headers=each) for each in shown]

    assert [each.status_code for each in answers] == [200, 200, 200, 429]


async def test_the_health_of_the_server_may_always_be_asked(home: Home) -> None:
    _limit(home, hour=1)

    async with open_client(home.app) as client:
        answers = [await client.get("/health") for _ in range(3)]

    assert [each.status_code for each in answers] == [200] * 3


@pytest.mark.parametrize("where", ["memory", "table"])
async def test_of_a_hundred_at_once_no_more_pass_than_are_allowed(home: Home, where: str) -> None:
    _limit(home, TableWindows(home.table, lambda: _NOON) if where == "table" else None, hour=7)

    answers = await asyncio.gather(*(home.client.get("/agents") for _ in range(100)))

    assert sorted(each.status_code for each in answers) == [200] * 7 + [429] * 93


async def test_two_processes_on_one_table_see_one_window(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path) as first:
        token = first.client.headers["Authorization"].partition(" ")[2]
        async with open_home(table, tmp_path, token=token) as second:
            for home in (first, second):
                _limit(home, TableWindows(table, lambda: _NOON), hour=3)

            answers = [
                (await home.client.get("/agents")).status_code
                for home in (first, second, first, second, first)
            ]

    assert answers == [200, 200, 200, 429, 429]


@asynccontextmanager
async def _counted(table: Table, data_dir: Path) -> AsyncIterator[tuple[Home, CountingTable]]:
    counting = CountingTable(table)
    async with open_home(counting, data_dir) as home:
        yield home, counting


@pytest.mark.usefixtures("unhurried")
async def test_counting_belongs_to_the_first_round_trip_of_a_turn(
    table: Table, tmp_path: Path
) -> None:
    async with _counted(table, tmp_path) as (home, counting):
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO, COUNTED_HELLO)
        await home.say(conversation, "Hi")
        _limit(home, TableWindows(counting))
        counting.waves.clear()
        await home.say(conversation, "Hi again")

    first, *others = counting.waves
    assert sorted(first) == sorted([*PLAIN_TURN[0], "update", "update"])
    assert others == PLAIN_TURN[1:]


async def test_who_goes_on_after_a_refusal_costs_the_store_nothing(
    table: Table, tmp_path: Path
) -> None:
    async with _counted(table, tmp_path) as (home, counting):
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO)  # which leaves nothing to be counted, or named, when it has been read
        _limit(home, TableWindows(counting, lambda: _NOON), chat=1)
        await home.say(conversation, "Hi")
        await home.send(conversation, {"content": "Hi"})
        counting.waves.clear()

        answers = [await home.send(conversation, {"content": "Hi"}) for _ in range(3)]

    assert [each.status_code for each in answers] == [429] * 3
    assert counting.waves == []


async def test_at_home_nobody_counts(home: Home) -> None:
    assert not home.services.get(RequestRates).counted


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, None),
        ({"rate_limits": "on"}, MemoryWindows),
        ({"rate_limits": "on", "rate_windows": "table"}, TableWindows),
        ({"rate_limits": "on", "dynamodb_table": "smriti"}, TableWindows),
        (
            {"rate_limits": "on", "dynamodb_table": "smriti", "rate_windows": "memory"},
            MemoryWindows,
        ),
        ({"stripe_secret_key": "sk_test"}, MemoryWindows),
    ],
    ids=str,
)
def test_where_requests_are_counted(
    settings: dict[str, Any], kind: type[RateWindows] | None, table: Table
) -> None:
    windows = rate_windows(Config(_env_file=None, **settings), table)

    assert (type(windows) if windows else None) == kind
