"""A file that cannot be imported is refused with its place in it, and nothing of it is kept."""

import json
from typing import Any

from smriti.core.clock import utc_now
from tests.api.dump import dump
from tests.home import Home
from tests.transfer.files import Json, agent_file, import_file, send_file, talk_file, told

_BLOCK = {"name": "human", "lines": ["Name: Alice"]}
_VERSIONS: list[Json] = [{"version": version, "lines": []} for version in (0, 1, 1)]
_MESSAGE = told("user", "Hi", 1)
_HUGE = ["x" * 1000] * 140


def _without(name: str) -> Json:
    return {key: value for key, value in agent_file().items() if key != name}


def _agent(**members: Any) -> Json:
    return agent_file(agent=agent_file()["agent"] | members)


def _blocks(*blocks: Any) -> Json:
    return agent_file(memory={"blocks": list(blocks)})


def _archive(*passages: Any) -> Json:
    return agent_file(memory={"archive": list(passages)})


def _account(*agents: Any) -> Json:
    return {"format": "smriti-account", "version": 1, "agents": list(agents)}


_FAULTS: dict[str, tuple[Any, str]] = {
    "a number": (7, "The file: must be an object"),
    "no format": (_without("format"), "Nobody here knows this kind of file. Known are: Smriti"),
    "another format": ({"spec": "?", "data": {"format": "smriti-agent"}}, "Nobody here knows"),
    "a format of ours that is none": (agent_file(format="smriti-cake"), "Nobody here knows"),
    "a list for a format": (agent_file(format=["smriti-agent"]), "Nobody here knows"),
    "no version": (_without("version"), "The file: lacks 'version'"),
    "a newer version": (
        agent_file(version=2),
        "version: the file is of version 2, which a newer Smriti has written; this one reads up to "
        "version 1. Update this server first",
    ),
    "a version that is none": (agent_file(version="1"), "version: must be a number from 1"),
    "no agent": (_without("agent"), "The file: lacks 'agent'"),
    "memory before its agent": (
        {"format": "smriti-agent", "version": 1, "memory": {}, **agent_file()},
        'memory: must come after "agent"',
    ),
    "an agent that is none": (agent_file(agent=[]), "agent: "),
    "an agent without a persona": (_agent(agent_persona=""), "agent.agent_persona: Field required"),
    "an agent too hot": (_agent(temperature=9), "agent.temperature: "),
    "memory that is none": (agent_file(memory=[]), "memory: must be an object"),
    "an archive that is none": (agent_file(memory={"archive": {}}), "memory.archive: must be a"),
    "a block with a bad name": (_blocks(_BLOCK | {"name": "a b"}), "memory.blocks[0].name: "),
    "a block twice": (_blocks(_BLOCK, _BLOCK), "memory.blocks[1]: is a second block 'human'"),
    "too large a block": (_blocks(_BLOCK | {"lines": _HUGE}), "memory.blocks[0]: has more than"),
    "too many blocks": (
        _blocks(*(_BLOCK | {"name": f"b{n}"} for n in range(49))),
        "memory.blocks[48]: is one of more than 50 blocks",
    ),
    "too much in all blocks": (
        _blocks(*(_BLOCK | {"name": f"b{n}", "lines": _HUGE[:120]} for n in range(5))),
        "memory.blocks[4]: and the blocks before it have more than 524288 bytes",
    ),
    "too large a past": (
        _blocks(_BLOCK | {"version": 1, "history": [{"version": 0, "lines": _HUGE}]}),
        "memory.blocks[0]: has more than",
    ),
    "two pasts of one version": (
        _blocks(_BLOCK | {"version": 2, "history": _VERSIONS}),
        "memory.blocks[0]: Value error, the versions in its history must differ",
    ),
    "a past that is to come": (
        _blocks(_BLOCK | {"version": 1, "history": _VERSIONS[:2]}),
        "memory.blocks[0]: Value error, the versions in its history must differ",
    ),
    "an empty passage": (_archive({"content": "a"}, {"content": " "}), "memory.archive[1].content"),
    "a passage of the future": (
        _archive({"content": "a", "created_at": "3000-01-01T00:00:00Z"}),
        "memory.archive[0].created_at: ",
    ),
    "half of a character": (_archive({"content": "a\ud800"}), "memory.archive[0]: holds half of"),
    "a message of nobody": (talk_file(told("robot", "Hi", 1)), "conversations[0].messages[0].role"),
    "a message without a time": (
        talk_file({"role": "user", "content": "Hi"}),
        "conversations[0].messages[0].created_at: Field required",
    ),
    "messages the wrong way round": (
        talk_file(told("user", "Hi", 2), told("assistant", "Hi", 1)),
        "conversations[0].messages[1]: is older than the message before it",
    ),
    "a part that is none": (
        talk_file(told("user", "Hi", 1, parts=[{"type": "dance"}])),
        "conversations[0].messages[0].parts[0]",
    ),
    "a program for a picture": (
        talk_file(told("user", "Hi", 1, attachments=[{"filename": "a.exe", "content": "x"}])),
        "conversations[0].messages[0].attachments[0]",
    ),
    "a title behind the messages": (
        agent_file(conversations=[{"messages": [_MESSAGE], "title": "Late"}]),
        'conversations[0].title: must come before "messages"',
    ),
    "two conversations of one id": (
        agent_file(conversations=[{"conversation_id": "a"}] * 2),
        "conversations[1]: has the conversation_id of another one",
    ),
    "an agent in an account": (
        _account(agent_file(), _agent(agent_name="")),
        "agents[1].agent.agent_name: Field required",
    ),
}


async def test_what_does_not_fit_is_refused_by_its_place(home: Home) -> None:
    before = await dump(home.table)
    answers = {}

    for kind, (file, fault) in _FAULTS.items():
        response = await send_file(home.client, file)
        problem = response.json()
        assert problem["errors"][0]["loc"][0] == "body"
        answers[kind] = response.status_code, problem["detail"][: len(fault)]

    assert answers == {kind: (422, fault) for kind, (_, fault) in _FAULTS.items()}
    assert await dump(home.table) == before


async def test_an_error_tells_its_place_to_programs(home: Home) -> None:
    response = await send_file(home.client, talk_file(_MESSAGE, told("robot", "Hi", 2)))

    assert response.json()["type"] == "/problems/import-file-invalid"
    assert response.json()["errors"] == [
        {
            "type": "import_file",
            "loc": ["body", "conversations", 0, "messages", 1, "role"],
            "msg": "Input should be 'user', 'assistant' or 'system'",
        }
    ]


async def test_a_file_that_is_cut_off_anywhere_is_refused(home: Home) -> None:
    file = talk_file(_MESSAGE) | {"memory": {"blocks": [_BLOCK], "archive": [{"content": "Tea"}]}}
    content = json.dumps(file).encode()
    before = await dump(home.table)

    answers = [
        await send_file(home.client, content[:length]) for length in range(0, len(content), 7)
    ]

    assert {answer.status_code for answer in answers} == {422}
    assert all(len(answer.json()["detail"]) > 10 for answer in answers)
    assert await dump(home.table) == before


async def test_what_nobody_knows_is_passed_over(home: Home) -> None:
    unknown = {"a": [{"b": [1, {"c": "d"}]}, "e"], "f": None}
    file = talk_file(_MESSAGE, mood=unknown) | {"later": unknown}
    file["memory"] = {"dreams": [unknown], "blocks": [_BLOCK | {"colour": unknown}]}
    file["conversations"][0]["messages"][0] |= {"likes": unknown}

    imported = await import_file(home.client, file)

    assert (imported["blocks"], imported["messages"], imported["warnings"]) == (1, 1, [])


async def test_ids_in_a_file_are_never_keys(home: Home) -> None:
    """Not even when they are those of somebody's things."""
    agent = await home.agent()
    talk = await home.conversation(agent)
    ids = {"agent_id": agent["agent_id"], "created_by": "alice@local"}
    ids |= {"message_id": "m", "conversation_id": talk["conversation_id"], "memory_id": "x"}
    file = talk_file(_MESSAGE | ids, **ids) | ids
    file["agent"] |= ids
    file["memory"] = {"blocks": [_BLOCK | ids], "archive": [{"content": "Tea"} | ids]}

    async with home.sign_up("bob") as bob:
        before = await dump(home.table)
        imported = await import_file(bob, file)
        after = await dump(home.table)

    assert {key: after[key] for key in before} == before
    assert imported["agent_id"] != agent["agent_id"]
    assert not [key for key in after.keys() - before.keys() if agent["agent_id"] in str(key)]
    assert not [key for key in after.keys() - before.keys() if "alice" in str(key)]
    assert not [key for key in after.keys() - before.keys() if talk["conversation_id"] in str(key)]


async def test_a_block_may_hold_more_than_its_limit_allows(home: Home) -> None:
    file = _blocks(_BLOCK | {"word_limit": 1})

    imported = await import_file(home.client, file)

    assert imported["warnings"] == ["Memory block 'human' holds more words than its limit."]


async def test_deep_arguments_are_kept_or_refused(home: Home) -> None:
    outcomes = set()
    for depth in range(100, 300, 7):
        arguments: Any = {}
        for _ in range(depth):
            arguments = {"a": arguments}
        part = {"type": "tool_call", "call_id": "1", "name": "x", "arguments": arguments}
        response = await send_file(home.client, talk_file(told("assistant", "", 1, parts=[part])))
        outcomes.add(response.status_code)
        if response.status_code == 201:
            agent_id = response.json()["agent_id"]
            exported = await home.get(f"/agents/{agent_id}/export?conversations=true")
            (message,) = exported["conversations"][0]["messages"]
            assert message["parts"][0]["arguments"] == arguments

    assert outcomes == {201, 422}


async def test_there_is_room_for_so_many_agents_only(home: Home) -> None:
    await import_file(home.client, agent_file())
    agents = [agent_file()] * 1000

    refused = await send_file(home.client, _account(*agents))
    too_many = await send_file(home.client, _account(*agents, agent_file()))

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-agents")
    assert too_many.json()["detail"] == "agents[1000].agent: is one of more than 1000 agents"
    assert len(await home.get("/agents")) == 1


async def test_times_without_a_zone_are_utc(home: Home) -> None:
    moment = utc_now().replace(tzinfo=None, microsecond=0).isoformat()

    await import_file(home.client, talk_file(told("user", "Hi", 1) | {"created_at": moment}))
    (talk,) = (await home.get("/conversations/"))["items"]
    (message,) = await home.messages(talk)

    assert message["created_at"] == f"{moment}Z"
