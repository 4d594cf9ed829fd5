"""Which turn a version of a block was made in, so that a page can mark it after a reload."""

from typing import Any

from smriti.db.table import Remove
from tests.home import Home


async def _told(home: Home, conversation: dict[str, Any], fact: str) -> str:
    """The id of the turn in which the demo model wrote the fact down."""
    turn_id: str = (await home.say(conversation, fact))[-1]["turn_id"]
    return turn_id


async def _put(home: Home, path: str, *lines: str) -> dict[str, Any]:
    response = await home.client.put(path, json={"lines": list(lines)})
    content: dict[str, Any] = response.json()
    return content


async def test_what_the_agent_writes_names_its_turn_and_what_a_person_writes_none(
    home: Home,
) -> None:
    agent = await home.agent()
    conversation = await home.conversation(agent)
    block = f"/agents/{agent['agent_id']}/memory-blocks/human"

    first = await _told(home, conversation, "I live in Paris.")
    shown_first = await home.get(f"{block}/content")
    second = await _told(home, conversation, "I live in Rome.")
    shown_second = await home.get(f"{block}/content")
    edited = await _put(home, f"{block}/content", "Lives in: Oslo")
    restored = await home.post(f"{block}/restore", {"version": 1})
    history = (await home.get(f"{block}/history"))["items"]

    assert first != second
    assert (shown_first["turn_id"], shown_second["turn_id"]) == (first, second)
    assert (edited["turn_id"], restored["turn_id"]) == (None, None)
    assert [(each["version"], each["turn_id"]) for each in history] == [
        (3, None),
        (2, second),
        (1, first),
        (0, None),
    ]


async def test_items_of_before_have_no_turn(home: Home) -> None:
    agent = await home.agent()
    block = f"/agents/{agent['agent_id']}/memory-blocks/human"
    await _told(home, await home.conversation(agent), "I live in Paris.")
    (item,) = await home.items_with("CoreMemory#")
    await home.table.update((str(item["pk"]), str(item["sk"])), Remove("turn_id"))

    content = await home.get(f"{block}/content")
    await _put(home, f"{block}/content", "Lives in: Oslo")

    assert content["turn_id"] is None
    assert [each["turn_id"] for each in (await home.get(f"{block}/history"))["items"]] == [
        None,
        None,
    ]


async def test_a_file_says_nothing_of_turns_of_another_server(home: Home) -> None:
    agent = await home.agent()
    turn_id = await _told(home, await home.conversation(agent), "I live in Paris.")

    exported = await home.client.get(f"/agents/{agent['agent_id']}/export")

    assert turn_id not in exported.text.partition('"conversations"')[0]
    assert "Lives in: Paris" in exported.text
