"""Who is let in, and that nobody leaves anything behind."""

import asyncio
from typing import Any

import orjson
import pytest

from smriti.auth.keys.models import ApiKey
from smriti.db.table import TableUnavailable
from smriti.devices.hub import Peer
from smriti.devices.line import MOST_MESSAGES
from smriti.devices.protocol import Ack
from smriti.devices.registration import MAX_REGISTER
from tests.devices.asgi import Porch

_SOON_S = 20.0  # on a busy machine, and much less than a message may take to be written


@pytest.fixture
def porch() -> Porch:
    return Porch()


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("token=device", {}),
        ("token=wrong&token=device", {}),
        ("", {"authorization": "Bearer device"}),
        ("", {"x-api-key": "device"}),
    ],
)
async def test_a_key_may_come_in_three_ways(
    porch: Porch, query: str, headers: dict[str, str]
) -> None:
    async with porch.visit(query, headers) as (client, _):
        assert await client.accepted()


@pytest.mark.parametrize(
    "query", ["", "token=", "token=program", "token=device&token=wrong", "token=%ff%00"]
)
async def test_no_key_no_entry(porch: Porch, query: str) -> None:
    async with porch.visit(query) as (client, serving):
        assert await client.next() == {"type": "websocket.close", "code": 1008, "reason": ""}
        await serving


async def test_while_the_store_is_out_clients_are_told_to_come_again(porch: Porch) -> None:
    async def fail(_: str) -> ApiKey:
        raise TableUnavailable("out")

    porch.verify = fail
    async with porch.visit() as (client, _):
        assert (await client.next())["status"] == 503


async def test_a_key_revoked_while_it_is_checked_opens_nothing(porch: Porch) -> None:
    async def slow(presented: str) -> ApiKey:
        key = porch.keys[presented]
        porch.door.revoke(key)
        return key

    porch.verify = slow
    async with porch.visit() as (client, _):
        assert (await client.next())["code"] == 1008


async def test_a_revoked_key_closes_what_has_not_registered_yet_too(porch: Porch) -> None:
    async with (
        porch.inside("token=device") as silent,
        porch.inside("token=device") as known,
        porch.inside() as other,
    ):
        await known.register()

        porch.door.revoke(porch.keys["device"])

        assert [(await each.next())["code"] for each in (silent, known)] == [1008, 1008]
        assert (await other.register("lab-8"))["status"] == "ok"
        assert porch.online == ["lab-8"]


async def test_who_reads_nothing_is_hung_up_on_within_a_second(porch: Porch) -> None:
    async with porch.visit("token=device") as (client, serving):
        assert await client.accepted()
        await client.register()
        client.flowing.clear()
        client.say("heartbeat")
        await asyncio.sleep(0.05)

        porch.door.revoke(porch.keys["device"])

        async with asyncio.timeout(_SOON_S):
            await serving
        assert porch.online == []


async def test_who_reads_too_slowly_is_let_go_of(porch: Porch) -> None:
    async with porch.visit() as (client, serving):
        assert await client.accepted()
        await client.register()
        client.flowing.clear()
        [peer] = porch.hub.everybody()

        for _ in range(MOST_MESSAGES + 2):
            peer.send(Ack())

        async with asyncio.timeout(_SOON_S):
            await serving
        assert porch.online == []


async def test_the_door_closes_when_everything_has_been_said(porch: Porch) -> None:
    async with porch.inside() as client:
        await client.register()
        [peer] = porch.hub.everybody()
        peer.send(Ack(session_id="the last word"))

        await porch.door.close()

        assert (await client.hear())["session_id"] == "the last word"
        assert (await client.next())["code"] == 1012
        async with porch.visit() as (late, _):
            assert (await late.next())["status"] == 503


@pytest.mark.parametrize("registered", [False, True])
async def test_a_client_that_is_cut_off_leaves_nothing(registered: bool) -> None:
    porch = Porch(most=1)
    async with porch.visit() as (client, serving):
        assert await client.accepted()
        if registered:
            await client.register()
        client.vanish()
        await serving

    assert await porch.is_left_clean()


async def test_a_server_that_gives_up_leaves_nothing() -> None:
    porch = Porch(most=1)
    async with porch.visit() as (client, serving):
        assert await client.accepted()
        await client.register()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    assert await porch.is_left_clean()


async def test_an_id_is_free_again_when_who_hears_of_it_fails(porch: Porch) -> None:
    def fail(_: Peer) -> None:
        raise RuntimeError("a bug")

    porch.hub.listen(joined=fail)
    async with porch.visit() as (client, serving):
        assert await client.accepted()
        client.say("register", client_id="lab-7")
        with pytest.raises(ExceptionGroup):
            await serving

    assert porch.online == []


async def test_a_device_that_cannot_be_noted_is_served_all_the_same(porch: Porch) -> None:
    porch.book.failure = TableUnavailable("out")
    async with porch.inside() as client:
        await client.register()
        client.say("heartbeat")

        assert (await client.hear())["status"] == "ok"


async def test_a_failure_at_a_task_is_an_error_and_its_end(porch: Porch) -> None:
    async with porch.inside() as device, porch.inside() as client:
        await device.register()
        await client.register("trip@lab-7", client_type="constellation", target_id="lab-7")
        porch.desk.failure = TableUnavailable("secret words of the store")

        client.say("task", target_id="lab-7", session_id="t-1", request="look")

        error, end = await client.hear(), await client.hear()
        assert error["error"] == end["error"] == "The server failed at this message."
        assert (end["type"], end["status"], end["session_id"]) == ("task_end", "failed", "t-1")
        client.say("heartbeat")
        assert (await client.hear())["status"] == "ok"


async def test_an_invalid_task_of_a_constellation_ends(porch: Porch) -> None:
    async with porch.inside() as device, porch.inside() as client:
        await device.register()
        await client.register("trip@lab-7", client_type="constellation", target_id="lab-7")

        client.say("task", target_id="lab-7", session_id="t-1", request="x" * 64_001)

        error, end = await client.hear(), await client.hear()
        assert error["error"] == "This is not a valid message: look at 'request'."
        assert (end["type"], end["session_id"]) == ("task_end", "t-1")


@pytest.mark.parametrize(("answers", "newcomer"), [(False, "ok"), (True, "error"), (None, "error")])
async def test_an_id_is_given_away_only_when_its_holder_is_silent(
    porch: Porch, answers: bool | None, newcomer: str
) -> None:
    async with porch.inside(answers=answers) as old, porch.inside() as new:
        await old.register()

        assert (await new.register())["status"] == newcomer

        assert porch.online == ["lab-7"]
        if newcomer == "ok":
            assert (await old.next())["code"] == 1001
            new.say("heartbeat")
            assert (await new.hear())["status"] == "ok"
        else:
            assert (await new.next())["code"] == 1000


@pytest.mark.parametrize(
    ("query", "registration", "word"),
    [
        ("token=device", {"client_id": "a", "client_type": "constellation"}, "devices only"),
        ("token=bound", {"client_id": "lab-2"}, "lab-2"),
        ("token=constellation", {"client_id": "a", "client_type": "constellation"}, "target_id"),
        ("token=device", {"client_id": "a", "metadata": {"platform": 5}}, "metadata.platform"),
        ("token=device", {"client_id": "a", "x": "y" * MAX_REGISTER}, "bytes at most"),
        ("token=device", {"client_id": "a b"}, "client_id"),
    ],
)
async def test_a_refusal_says_why(
    porch: Porch, query: str, registration: dict[str, Any], word: str
) -> None:
    async with porch.inside(query) as client:
        answer = await client.register(**registration)

        assert (answer["type"], answer["status"]) == ("error", "error")
        assert word in answer["error"]
        assert (await client.next())["code"] == 1000


async def test_what_is_null_is_as_good_as_absent(porch: Porch) -> None:
    async with porch.inside() as client:
        answer = await client.register(client_type=None, metadata={"system_info": None})
        client.say("command_results", prev_response_id="x", action_results=None)
        client.say("heartbeat", client_type=None)

        assert (answer["status"], (await client.hear())["status"]) == ("ok", "ok")
        assert porch.desk.heard[0].action_results == []


async def test_nobody_has_more_connections_than_allowed() -> None:
    porch = Porch(most=1)
    async with porch.inside(), porch.visit() as (client, _):
        assert (await client.next())["status"] == 409


async def test_who_talks_too_much_is_heard_later_and_in_order(porch: Porch) -> None:
    async with porch.inside() as client:
        await client.register()
        for number in range(260):
            client.say("command_results", prev_response_id=str(number))
        client.say("heartbeat")

        began = asyncio.get_running_loop().time()
        await client.hear()

        assert asyncio.get_running_loop().time() - began > 1
        assert [each.prev_response_id for each in porch.desk.heard] == [str(n) for n in range(260)]


async def test_a_large_frame_is_shortened_and_the_next_one_waits(porch: Porch) -> None:
    async with porch.inside() as client:
        await client.register()
        result = {"stdout": "x" * 2_000_000, "exit_code": 3}
        results = [{"status": "success", "result": result, "call_id": "c"}]
        client.say("command_results", prev_response_id="r", action_results=results)
        client.say("heartbeat")

        await client.hear()

        [heard] = porch.desk.heard
        short = heard.action_results[0].result
        assert (short["exit_code"], short["stdout"][-5:]) == (3, "(cut)")
        assert len(short["stdout"]) < 100_000


async def test_a_large_frame_of_nonsense_is_an_error(porch: Porch) -> None:
    async with porch.inside() as client:
        await client.register()
        client.type("[" * 600_000)

        assert (await client.hear())["error"] == "This is not JSON."


async def test_an_error_is_never_answered_with_an_error(porch: Porch) -> None:
    async with porch.inside() as client:
        await client.register()
        client.type(orjson.dumps({"type": "error", "error": "no status"}).decode())
        client.say("error", error="well-formed")
        client.say("heartbeat")

        assert (await client.hear())["type"] == "heartbeat"


async def test_times_have_an_offset_that_older_pythons_can_read(porch: Porch) -> None:
    async with porch.inside() as client:
        assert (await client.register())["timestamp"].endswith("+00:00")
