"""`specs/aip.md` §1, §3, §13, §16: what happens to a connection before and beside its messages."""

from contextlib import suppress
from urllib.parse import quote

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.devices.lab import Lab
from tests.devices.ufo_client import MAX_FRAME
from tests.devices.wire_messages import Json, client_message


async def _status(lab: Lab, query: str) -> int:
    """Of the handshake: 101, or what the client sees instead."""
    try:
        async with connect(f"ws://127.0.0.1:{lab.port}/ws{query}", proxy=None):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


_NO_KEY = [
    "",
    "?token=",
    "?token=wrong",
    "?token=sk_smriti_wrong",
    "?token=sk_smriti_" + "x" * 7000,
    f"?token={quote('ключ 🔑')}",
    "?token=%ff%fe%00",
    "?token=sk_smriti_a_%F0%9F%94%91",
    "?Token={key}",
    "?token={key}x",
    "?token={key}&token=wrong",
    "?token={key}&token=",
]


async def test_who_has_no_key_is_refused_at_the_handshake(lab: Lab) -> None:
    statuses = {each: await _status(lab, each.replace("{key}", lab.key)) for each in _NO_KEY}

    assert statuses == dict.fromkeys(_NO_KEY, 403)


async def test_the_last_of_several_tokens_counts(lab: Lab) -> None:
    assert await _status(lab, f"?token=wrong&token={lab.key}") == 101


async def test_a_revoked_key_is_refused(lab: Lab) -> None:
    made = await lab.new_key("device")

    response = await lab.http.delete(f"/devices/keys/{made['key_id']}")

    assert response.is_success
    assert await _status(lab, f"?token={made['key']}") == 403


async def test_a_revoked_key_closes_its_connections_and_no_others(lab: Lab) -> None:
    made = await lab.new_key("device")
    url = lab.url(made["key"])
    async with lab.raw(url) as raw, lab.raw(url) as silent:
        other = lab.device("lab-8")
        async with other:
            await raw.register("lab-7")
            await lab.http.delete(f"/devices/keys/{made['key_id']}")

            assert await raw.closed() == 1008
            assert await silent.closed() == 1008
            assert await lab.online() == ["lab-8"]
            assert other.registered.is_set()


_INVALID: list[str | bytes | Json] = [
    "",
    "null",
    "not JSON",
    "[]",
    "42",
    '"register"',
    "{}",
    '{"type":"register"',
    b"\x00\xff",
    client_message("heartbeat", client_id="lab-7"),
    client_message("task", "continue", client_id="lab-7", request="Hi", task_name="x"),
    client_message("command_results", "continue", client_id="lab-7", prev_response_id="x"),
    client_message("REGISTER", client_id="lab-7"),
    client_message("register", status="OK", client_id="lab-7"),
    client_message("register", status="fine", client_id="lab-7"),
    client_message("register"),
    client_message("register", client_id=""),
    client_message("register", client_id=7),
    client_message("register", client_id=["lab-7"]),
    client_message("register", client_id="lab 7"),
    client_message("register", client_id="../lab-7"),
    client_message("register", client_id="lab-7\n"),
    client_message("register", client_id="x" * 500),
    client_message("register", client_id="lab-7", client_type="server"),
    client_message("register", client_id="lab-7", metadata="linux"),
    client_message("register", client_id="lab-7", metadata=[1]),
    client_message("register", client_id="lab-7", metadata={"system_info": "linux"}),
    client_message("register", client_id="lab-7", metadata={"platform": 7}),
    client_message("register", client_id="lab-7", metadata={"system_info": {"a": "x" * 2_000_000}}),
]


async def test_an_invalid_first_message_is_answered_and_the_connection_closed(lab: Lab) -> None:
    outcomes = [await _rejected(lab, first) for first in _INVALID]

    assert outcomes == [True] * len(_INVALID)
    assert await lab.online() == []


async def _rejected(lab: Lab, first: str | bytes | Json) -> bool:
    async with lab.raw() as raw:
        await raw.say(first)
        answer = await raw.hear()
        code = await raw.closed()
    return _is_refusal(answer) and code in {1000, 1003, 1008}


def _is_refusal(answer: Json) -> bool:
    """An ERROR for people: it shows nothing of what is inside."""
    kind = answer["type"], answer["status"], bool(answer["response_id"])
    shown = answer["error"].lower()
    inside = ("pydantic", "traceback", "type=", "input should")
    return kind == ("error", "error", True) and not any(word in shown for word in inside)


async def test_members_that_nobody_knows_are_ignored_and_absent_ones_are_null(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.say({"type": "register", "status": "ok", "client_id": "lab-7", "colour": "red"})
        answer = await raw.hear()

    assert (answer["type"], answer["status"]) == ("heartbeat", "ok")


async def test_a_binary_frame_that_holds_a_message_is_one(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.say(orjson.dumps(client_message("register", client_id="lab-7")))
        assert (await raw.hear())["status"] == "ok"
        await raw.say(orjson.dumps(client_message("heartbeat", client_id="lab-7")))
        assert (await raw.hear())["status"] == "ok"


async def test_files_and_binary_frames_are_answered_with_errors_and_survived(lab: Lab) -> None:
    start = {"filename": "a.bin", "size": 3, "chunk_size": 3, "total_chunks": 1, "mime_type": "x/y"}
    frames: list[str | bytes | Json] = [
        {"type": "file_transfer_start"} | start,
        {"type": "binary_data", "size": 3, "chunk_num": 0, "chunk_size": 3},
        b"\x00\x01\x02",
        {"type": "file_transfer_complete", "filename": "a.bin", "total_chunks": 1, "checksum": "0"},
    ]
    async with lab.raw() as raw:
        await raw.register()
        for frame in frames:
            await raw.say(frame)
        answers = [await raw.hear() for _ in frames]

        assert [answer["type"] for answer in answers] == ["error"] * 4
        assert await raw.is_alive()
        assert await lab.online() == ["lab-7"]


async def test_a_frame_may_hold_100_mib_and_no_more(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register()
        message = orjson.dumps(client_message("heartbeat", client_id="lab-7"))
        await raw.say((message + b" " * (MAX_FRAME - len(message))).decode())
        assert (await raw.hear())["type"] in {"heartbeat", "error"}
        with suppress(ConnectionClosed):
            await raw.say("x" * (MAX_FRAME + 1))

        assert await raw.closed() == 1009
        await lab.until_online()


_BAD = [
    "not JSON",
    "[]",
    '{"type":"heartbeat"}',
    '{"type":"heartbeat","status":"wonderful"}',
    '{"type":"TASK","status":"continue"}',
    '{"type":"task","status":"continue","request":7}',
    '{"type":"command_results","status":"continue","action_results":{}}',
    '{"type":"heartbeat","status":"ok","client_id":5}',
    "[" * 50_000 + "]" * 50_000,
    '{"a":' * 20_000 + "1" + "}" * 20_000,
]


async def test_bad_messages_are_refused_without_ending_anything(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register()
        for message in _BAD:
            await raw.say(message)
            assert _is_refusal(await raw.hear())
            assert await raw.is_alive()


_ODD_INFO = [
    '{"n":1e999}',
    '{"n":NaN}',
    '{"n":1' + "0" * 400 + "}",
    '{"s":"\\ud800"}',
    '{"s":"\\u0000"}',
    '{"":{"":[null,true,{"":[]}]}}',
    '{"deep":' + "[" * 500 + "]" * 500 + "}",
    '{"a":1,"a":2}',
]


async def test_odd_metadata_never_costs_an_id(lab: Lab) -> None:
    metadata = {"system_info": "$"}
    message = client_message("register", client_id="lab-7", metadata=metadata)
    text = orjson.dumps(message).decode()
    for info in _ODD_INFO:
        async with lab.raw() as raw:
            await raw.say(text.replace('"$"', info))
            assert (await raw.hear())["type"] in {"heartbeat", "error"}
        await lab.until_online()

    async with lab.device():
        assert await lab.online() == ["lab-7"]
