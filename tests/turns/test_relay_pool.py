"""Which server is asked, how often, and what counts as an answer."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from itertools import chain, repeat
from typing import Any

import httpx2
import pytest

from smriti.turns.relay.models import Question
from smriti.turns.relay.pool import (
    MAX_ANSWER_BYTES,
    Instance,
    Json,
    Pool,
    RequestRefused,
    ServerFailed,
)
from smriti.turns.relay.servers import Eliza, Tools, made_id, text_of
from tests.patience import PATIENCE_S

type Handler = Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]

HOSTS = ("a", "b", "c")


def pool(handler: Handler, hosts: tuple[str, ...] = HOSTS, **options: Any) -> Pool:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(handler))
    addresses = [("", f"http://{host}/ask") for host in hosts]
    return Pool("Eliza", addresses, http, **({"limit_s": PATIENCE_S, "batch": 50} | options))


class Fleet:
    """Servers whose answers a test writes down; after those they are well."""

    def __init__(self, **answers: list[httpx2.Response | Exception]) -> None:
        self._answers: dict[str, Iterator[httpx2.Response | Exception]] = {
            host: chain(answers.get(host, []), repeat(httpx2.Response(200, json={"text": host})))
            for host in HOSTS
        }
        self.asked: list[str] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(404)
        host = request.url.host
        self.asked.append(host)
        answer = next(self._answers[host])
        if isinstance(answer, Exception):
            raise answer
        return answer


async def ask(asked: Pool) -> Json:
    async def work(instance: Instance) -> Json:
        return await asked.post(instance, instance.ask, {"text": "Hi"})

    return await asked.run(work)


def failing(status: int = 500) -> httpx2.Response:
    return httpx2.Response(status, json={})


async def test_the_server_with_the_fewest_requests_under_way_is_asked() -> None:
    gates = {host: asyncio.Event() for host in HOSTS}
    arrived = asyncio.Queue[str]()

    async def wait(request: httpx2.Request) -> httpx2.Response:
        arrived.put_nowait(request.url.host)
        await gates[request.url.host].wait()
        return httpx2.Response(200, json=request.url.host)

    servers = pool(wait)
    waiting = [asyncio.create_task(ask(servers)) for _ in range(6)]
    asked = [await arrived.get() for _ in waiting]
    gates["b"].set()
    await asyncio.gather(*(task for task, host in zip(waiting, asked, strict=True) if host == "b"))
    last = await ask(servers)
    gates["a"].set()
    gates["c"].set()
    await asyncio.gather(*waiting)

    assert sorted(asked) == ["a", "a", "b", "b", "c", "c"]
    assert last == "b"


async def test_a_question_goes_to_two_other_servers_when_one_fails() -> None:
    fleet = Fleet(a=[failing()], b=[httpx2.ConnectError("refused")])

    answer = await ask(pool(fleet))

    assert (answer, fleet.asked) == ({"text": "c"}, ["a", "b", "c"])


async def test_three_failures_are_the_end() -> None:
    fleet = Fleet(a=[failing(), failing()], b=[failing()], c=[failing(503)])

    with pytest.raises(ServerFailed, match=r"Eliza answered with status 503\."):
        await ask(pool(fleet))

    assert fleet.asked == ["a", "b", "c"]


async def test_a_single_server_is_asked_again() -> None:
    fleet = Fleet(a=[failing(), failing(429)])

    assert await ask(pool(fleet, ("a",))) == {"text": "a"}
    assert fleet.asked == ["a", "a", "a"]


async def test_a_server_that_was_not_well_is_asked_last_until_it_is_seen_well() -> None:
    fleet = Fleet(a=[failing()])
    servers = pool(fleet)
    await ask(servers)

    for _ in range(3):
        await ask(servers)
    avoided = list(fleet.asked)
    await servers.look_at(servers.instances[0])
    for _ in range(3):
        await ask(servers)

    assert avoided == ["a", "b", "c", "b", "c"]
    assert "a" in fleet.asked[5:]


async def test_a_server_that_does_not_answer_its_root_is_not_well() -> None:
    async def down(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    servers = pool(down)
    await servers.look_at(servers.instances[0])

    assert [instance.well for instance in servers.instances] == [False, True, True]


async def test_who_refuses_the_request_is_not_asked_again_nor_is_anybody_else() -> None:
    fleet = Fleet(a=[failing(400)])

    with pytest.raises(RequestRefused, match="status 400"):
        await ask(pool(fleet))

    assert fleet.asked == ["a"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx2.Response(200, content=b"<html>"), "no JSON"),
        (httpx2.Response(200, content=b"[" * 500 + b"]" * 500), "no JSON"),
        (httpx2.Response(200, content=b'"' + b"x" * MAX_ANSWER_BYTES + b'"'), "megabyte"),
        (httpx2.Response(404), "does not know"),
        (httpx2.ReadError("cut"), "cannot be reached"),
    ],
)
async def test_what_is_no_answer_makes_another_server_be_asked(
    answer: httpx2.Response | Exception, told: str
) -> None:
    fleet = Fleet(a=[answer])

    assert await ask(pool(fleet)) == {"text": "b"}
    alone = pool(Fleet(a=[answer]))
    with pytest.raises(ServerFailed, match=told):
        await alone.post(alone.instances[0], "http://a/ask", {})


async def test_a_redirect_is_not_followed() -> None:
    fleet = Fleet(a=[httpx2.Response(302, headers={"Location": "http://b/ask"})])

    with pytest.raises(RequestRefused, match="302"):
        await ask(pool(fleet))


async def test_who_is_silent_too_long_is_left() -> None:
    async def slow(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "a":
            await asyncio.Event().wait()
        return httpx2.Response(200, json=request.url.host)

    servers = pool(slow, limit_s=1.0)

    assert await ask(servers) == "b"
    assert not servers.instances[0].well
    assert [instance.under_way for instance in servers.instances] == [0, 0, 0]


async def test_no_more_requests_are_under_way_than_a_batch() -> None:
    under_way, most = 0, 0

    async def busy(_: httpx2.Request) -> httpx2.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return httpx2.Response(200, json="ok")

    servers = pool(busy, ("a",), batch=3)
    answers = await asyncio.gather(*(ask(servers) for _ in range(20)))

    assert (answers, most) == (["ok"] * 20, 3)


async def test_who_finds_no_place_for_long_goes_elsewhere_and_a_cancelled_one_leaves_it() -> None:
    arrived = asyncio.Event()

    async def never(_: httpx2.Request) -> httpx2.Response:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    servers = pool(never, ("a",), batch=1, limit_s=5.0)
    holding = asyncio.create_task(ask(servers))
    await arrived.wait()
    impatient = Pool("Eliza", [], servers._http, limit_s=0.01, batch=1)
    impatient.instances = servers.instances
    with pytest.raises(ServerFailed, match="too much to do"):
        await ask(impatient)
    holding.cancel()
    with suppress(asyncio.CancelledError):
        await holding

    assert servers.instances[0].under_way == 0
    assert not servers.instances[0].places.locked()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ([{"text": "Hi", "action": "NONE"}, {"text": "there"}], "Hi\n\nthere"),
        ({"result": " 42 "}, "42"),
        ({"response": {"message": "deep"}}, "deep"),
        ("plain", "plain"),
        ([], ""),
        ([[[[[[[[["too deep"]]]]]]]]], ""),
        ({"status": 1}, ""),
        (None, ""),
        (7, ""),
    ],
)
def test_the_text_of_an_answer(answer: Json, text: str) -> None:
    assert text_of(answer) == text


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("http://eliza/query", "http://eliza/query"),
        ("http://eliza/", "http://eliza/a%2F1/message"),
        ("http://eliza/api/{agent_id}/say", "http://eliza/api/a%2F1/say"),
    ],
)
def test_an_agent_is_asked_where_the_address_says(address: str, asked: str) -> None:
    where, body = Eliza().asking(address, "a/1", Question("Hi", "u", "c"))

    assert where == asked
    assert body == {
        "text": "Hi",
        "user": "user",
        "userId": "u",
        "roomId": "c",
        "agent_id": "a/1",
    }


@pytest.mark.parametrize("answer", [{}, [], {"unique_id": ""}, {"unique_id": None}, "x"])
def test_an_agent_without_an_id_was_not_made(answer: Json) -> None:
    assert made_id(answer, Tools.id_name) is None


def test_a_servers_name_holds_no_password() -> None:
    place = asyncio.Semaphore(1)

    assert Instance("", "https://me:secret@h:1/ask?key=x", place).name == "https://h:1/ask"
