"""`specs/aip.md` §3-§6, §11, §12: who may register as what, and what its connection may say."""

import asyncio
from uuid import UUID

from tests.devices.lab import Lab, Raw
from tests.devices.wire_messages import Json, client_message
from tests.patience import PATIENCE_S


async def test_a_device_is_acknowledged_with_a_heartbeat(lab: Lab) -> None:
    async with lab.device() as device:
        assert await lab.online() == ["lab-7"]

    assert [(each.type, each.status, each.session_id) for each in device.received] == [
        ("heartbeat", "ok", None)
    ]
    assert device.received[0].response_id
    assert device.received[0].timestamp


async def test_nothing_overtakes_the_acknowledgement(lab: Lab) -> None:
    body = {"client_id": "lab-7", "request": "> say Hi"}

    async def hurry() -> None:
        while not (await lab.http.post("/api/dispatch", json=body)).is_success:
            pass

    for _ in range(10):
        async with asyncio.TaskGroup() as group, lab.raw() as raw:
            dispatching = group.create_task(hurry())
            answer = await raw.register()
            assert (answer["type"], answer["status"]) == ("heartbeat", "ok")
            assert (await raw.hear())["type"] in {"task", "command"}
            await dispatching
        await lab.until_online()


async def test_a_taken_id_is_refused_and_its_holder_untouched(lab: Lab) -> None:
    async with lab.device() as holder, lab.raw() as newcomer:
        answer = await newcomer.register()

        assert (answer["type"], answer["status"]) == ("error", "error")
        assert answer["error"].startswith("client_id 'lab-7' is already registered")
        assert await newcomer.closed() == 1000
        assert holder.registered.is_set()
        assert await lab.online() == ["lab-7"]


async def test_devices_and_constellations_share_their_ids(lab: Lab) -> None:
    async with lab.device(), lab.constellation(), lab.raw() as one, lab.raw() as other:
        as_device = await one.register("trip-planner@lab-7")
        as_constellation = await other.register(
            "lab-7", client_type="constellation", target_id="lab-7"
        )

    assert [as_device["status"], as_constellation["status"]] == ["error", "error"]


async def test_two_users_may_call_their_devices_alike(lab: Lab) -> None:
    async with lab.bob() as (bob, bobs), lab.device() as mine, lab.device(key=bobs) as his:
        constellation = lab.constellation(key=bobs)
        async with constellation:
            outcome = await constellation.run("task-1", "> say Bob's")

            assert outcome.success
            assert mine.all("command") == []
            assert his.all("command") != []
            assert await lab.online() == ["lab-7"]
            assert await lab.sessions() == []
            answer = await bob.get("/api/clients")
            assert sorted(answer.json()["online_clients"]) == ["lab-7", "trip-planner@lab-7"]


async def test_a_constellation_is_ready_with_what_the_device_said_of_itself(lab: Lab) -> None:
    async with lab.device() as device, lab.constellation() as constellation:
        assert constellation.info == device.system_info()
        first = constellation.all("device_info_response")[0]
        assert first.response_id == constellation.sent[1]["request_id"]
        assert first.status == "ok"


async def test_a_constellations_heartbeats_are_answered_though_they_claim_to_be_a_device(
    lab: Lab,
) -> None:
    constellation = lab.constellation()
    constellation.heartbeat_s = 0.06
    async with lab.device(), constellation:
        await constellation.heard("heartbeat", 5)

        assert constellation.last_heartbeat is not None
        assert constellation.all("error") == []
        assert len({each.response_id for each in constellation.all("heartbeat")}) >= 5


_NOT_A_DEVICE = ["lab-7", None, "", "trip-planner@lab-8"]


async def test_a_constellation_needs_a_connected_device(lab: Lab) -> None:
    async with lab.device("lab-8"), lab.constellation("lab-8"):
        for target in _NOT_A_DEVICE:
            async with lab.raw() as raw:
                answer = await raw.register(
                    "trip-planner@lab-7", client_type="constellation", target_id=target
                )

                assert (answer["type"], answer["status"]) == ("error", "error")
                if target:
                    assert answer["error"] == f"Target device '{target}' is not connected"
                assert await raw.closed() == 1000
        assert await lab.online() == ["lab-8", "trip-planner@lab-8"]


async def test_a_refused_constellation_gets_through_once_its_device_is_there(lab: Lab) -> None:
    constellation = lab.constellation(pace=0.02)
    constellation.tries = 10_000
    constellation.start()
    await constellation.heard("error")

    async with lab.device():
        async with asyncio.timeout(PATIENCE_S):
            await constellation.is_ready.wait()
        assert await lab.online() == ["lab-7", "trip-planner@lab-7"]
        await constellation.stop()


async def test_a_device_key_registers_devices_only(lab: Lab) -> None:
    key = (await lab.new_key("device"))["key"]
    async with lab.device(key=key), lab.raw(lab.url(key)) as raw:
        answer = await raw.register(
            "trip-planner@lab-7", client_type="constellation", target_id="lab-7"
        )

        assert answer["status"] == "error"
        assert await raw.closed() is not None
        assert await lab.online() == ["lab-7"]


async def test_a_key_admits_the_ids_that_it_names(lab: Lab) -> None:
    key = (await lab.new_key("device", client_ids=["lab-7"]))["key"]
    async with lab.device(key=key), lab.raw(lab.url(key)) as raw:
        answer = await raw.register("lab-8")

        assert answer["status"] == "error"
        assert await raw.closed() is not None
        assert await lab.online() == ["lab-7"]


async def test_a_constellation_hears_of_its_own_device_only(lab: Lab) -> None:
    async with lab.device(), lab.device("lab-8"), lab.constellation(pace=0.02) as constellation:
        assert await constellation.device_info("lab-8") is None

        refused = await constellation.heard("error")
        assert len(constellation.all("error")) == 1
        assert refused.error == "Not authorized to request device info for this device"


async def test_a_device_hears_of_no_device(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register()
        await raw.say(client_message("device_info_request", client_id="lab-7", target_id="lab-7"))
        answer = await raw.hear()

        assert answer["type"] == "error"
        assert answer["error"] == (
            "DEVICE_INFO_REQUEST is permitted only for constellation clients"
        )
        assert await raw.is_alive()


async def test_nothing_is_known_of_a_device_that_is_gone_or_never_said(lab: Lab) -> None:
    async with lab.raw() as quiet_device, lab.device("lab-8") as device:
        await quiet_device.register()
        async with lab.constellation() as one, lab.constellation("lab-8") as other:
            await device.stop()
            await other.device_info()
            answers = [
                one.all("device_info_response")[-1],
                other.all("device_info_response")[-1],
            ]

    assert one.info is None
    assert [(each.status, list(each.result)) for each in answers] == [("ok", ["error"])] * 2


_NOT_ITS_OWN = [
    client_message("heartbeat", client_id="lab-8"),
    client_message("task", "continue", client_id="lab-8", request="> say Hi", task_name="x"),
    client_message(
        "task", "continue", client_type="constellation", request="> say Hi", task_name="x"
    ),
    client_message("task", "continue", client_id="lab-7", target_id="lab-8", request="> say Hi"),
    client_message("register", client_id="lab-7"),
    client_message("register", client_id="lab-9"),
    client_message("task_end", "completed", client_id="lab-7", session_id="x"),
]


async def test_a_device_is_who_it_registered_as(lab: Lab) -> None:
    async with lab.device("lab-8") as other, lab.raw() as raw:
        await raw.register()
        for message in _NOT_ITS_OWN:
            await raw.say(message)
            answer = await raw.hear()

            assert (answer["type"], answer["status"]) == ("error", "error")
            assert await raw.is_alive()
        assert await lab.online() == ["lab-7", "lab-8"]
        assert (await lab.sessions(), other.all("command")) == ([], [])


async def test_a_constellation_is_who_it_registered_as(lab: Lab) -> None:
    me = {"client_id": "me@lab-7", "client_type": "constellation"}
    foreign: list[Json] = [
        client_message("register", target_id="lab-7", **me),
        client_message("task_end", "completed", session_id="x", **me),
        client_message("heartbeat", **me | {"client_id": "lab-7"}),
        client_message("device_info_request", **me | {"client_id": "lab-7"}),
        client_message("device_info_request", client_id="me@lab-7", target_id="lab-7"),
    ]
    async with lab.device() as device, lab.raw() as raw:
        assert (await raw.register(target_id="lab-7", **me))["status"] == "ok"
        for message in foreign:
            await raw.say(message)
            assert (await raw.hear())["type"] == "error"
            assert await raw.is_alive()
        assert device.all("command") == []


_UNANSWERED = [
    client_message("error", "error", error="Something broke."),
    client_message("device_info_response", client_id="lab-7"),
    client_message("command_results", "continue", prev_response_id="unheard of"),
    client_message("command_results", "continue", prev_response_id="x", session_id="y"),
]


async def test_what_needs_no_answer_gets_none(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register()
        for message in _UNANSWERED:
            await raw.say(message)
        assert await raw.quiet()
        assert await raw.is_alive()
        assert await lab.sessions() == []


_CLAIMS: list[Json] = [{}, {"client_id": "lab-7"}, {"client_type": "constellation"}]


async def test_heartbeats_are_answered_whatever_they_claim_to_be(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register()
        for members in _CLAIMS:
            await raw.say({"type": "heartbeat", "status": "ok"} | members)
            answer = await raw.hear()

            assert (answer["type"], answer["status"]) == ("heartbeat", "ok")
            assert answer["response_id"]
            assert answer.get("session_id") is None


async def test_messages_of_one_connection_are_handled_in_order(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register()
        for number in range(60):
            await raw.say("nonsense" if number % 3 else {"type": "heartbeat", "status": "ok"})
        answers = [(await raw.hear())["type"] for _ in range(60)]

    assert answers == ["heartbeat", "error", "error"] * 20


async def test_a_device_that_comes_back_gets_its_id(lab: Lab) -> None:
    async with lab.device(pace=0.05) as device:
        for number in range(2, 5):
            device.drop()
            await device.heard("heartbeat", number)

    assert device.all("error") == []
    assert len(device.attempts) == 4


async def test_an_id_is_free_though_its_client_vanished_before_the_answer(lab: Lab) -> None:
    for _ in range(20):
        async with lab.raw() as raw:
            await raw.say(client_message("register", client_id="lab-7"))
            raw.line.transport.abort()

    await lab.until_online()
    async with lab.device() as device:
        assert len(device.attempts) == 1


async def test_a_restarted_device_gets_its_id_from_its_frozen_predecessor(lab: Lab) -> None:
    async with lab.device() as frozen:
        frozen.freeze()
        again = lab.device()
        again.start()
        async with asyncio.timeout(25):
            await again.registered.wait()

        assert await lab.online() == ["lab-7"]
        await again.stop()
        await frozen.vanish()


async def test_ids_of_messages_are_fresh(lab: Lab) -> None:
    async with lab.device() as device:
        await lab.dispatch("> look {}\n> say Done.")
        await lab.ended()

    ids = [each.response_id for each in device.received]
    assert len(set(ids)) == len(ids) > 3
    assert all(UUID(each) for each in ids if each is not None)
    assert device.dropped == []


async def _kinds(raw: Raw, count: int) -> set[str]:
    return {(await raw.hear())["type"] for _ in range(count)}


async def test_a_client_that_sends_too_much_is_slowed_and_not_lost(lab: Lab) -> None:
    async with lab.raw() as raw, lab.device("lab-8") as other:
        await raw.register()
        for _ in range(400):
            await raw.say({"type": "heartbeat", "status": "ok"})
        hearing = asyncio.create_task(_kinds(raw, 400))
        await other.send(client_message("heartbeat", client_id="lab-8"))
        await other.heard("heartbeat", 2)
        assert not hearing.done()  # others need not wait until all that is answered
        answers = await hearing

        assert answers <= {"heartbeat", "error"}
        assert await raw.is_alive()
