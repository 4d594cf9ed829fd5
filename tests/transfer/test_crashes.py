"""An import whose process dies in the middle goes on when the file is sent again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from smriti.db.sqlite import SqliteTable
from smriti.db.table import Action, Change, Condition, Item, Key, Set, Table, key_of
from tests.api.dump import every_item
from tests.fakes.mortal_table import MortalTable
from tests.home import Home, open_home
from tests.transfer.files import (
    Json,
    agent_file,
    comparable,
    export_agent,
    import_file,
    send_file,
    told,
)

_KEY: Final = "an-import"
_TEXT: Final = "word " * 20_000


class FadingTable(MortalTable):
    """Dies instead of a write, when it has done so many."""

    writes_left: int = 1_000_000

    def revive(self) -> None:
        self.dead = False
        self.writes_left = 1_000_000

    def _spend(self) -> None:
        self.writes_left -= 1
        self.dead = self.dead or self.writes_left < 0

    async def update(self, key: Key, *changes: Change, when: Condition | None = None) -> Item:
        self._spend()
        return await super().update(key, *changes, when=when)

    async def write(self, *actions: Action) -> None:
        self._spend()
        await super().write(*actions)

    async def bulk(self, *, puts: Sequence[Item] = (), deletes: Sequence[Key] = ()) -> None:
        self._spend()
        await super().bulk(puts=puts, deletes=deletes)


def _file() -> Json:
    """An account with two agents that have all kinds of things, and one more conversation."""
    picture = {"filename": "a.png", "content": "iVBORw0KGgo="}
    history = [{"version": 1, "lines": ["Name: A"]}]
    block = {"name": "human", "version": 2, "lines": ["Name: Alice"], "history": history}
    talks: list[Json] = [
        {
            "conversation_id": f"talk {number}",
            "title": f"Talk {number}",
            "created_at": "2026-03-01T09:00:00Z",
            "messages": [
                told("user", f"Hi {number}", 1, attachments=[picture]),
                told("assistant", _TEXT, 1, active=False),
                told("assistant", "Hello", 1),
            ],
        }
        for number in range(2)
    ]
    passage = {"content": "Drinks tea", "created_at": "2026-03-01T09:00:00Z"}
    archive = [passage, passage | {"conversation_id": "talk 1", "sequence": 3}, passage]
    memory = {"blocks": [block, block | {"name": "plans"}], "archive": archive}
    agent = agent_file(memory=memory, conversations=talks)
    return {
        "format": "smriti-account",
        "version": 1,
        "agents": [agent, agent],
        "conversations": [talks[0]],
    }


async def _claims_end(table: Table) -> None:
    """As if the minute had passed that an attempt may take."""
    async for item in every_item(table):
        if str(item["sk"]).startswith("Idempotency#"):
            await table.update(key_of(item), Set("claimed_until", 0))


async def _whole(home: Home) -> Any:
    """All that somebody has, but for what differs from import to import."""
    account = await home.get("/users/me/export")
    kinds: dict[str, int] = {}
    async for item in every_item(home.table):
        kind = str(item["sk"]).partition("#")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
    for name in ("ArchiveChange", "Idempotency", "PIECE", "RecallChange"):
        kinds.pop(name, None)
    talks = [talk["messages"] for talk in account["conversations"]]
    return [comparable(agent) for agent in account["agents"]], talks, kinds


async def test_a_process_that_dies_at_any_write_leaves_nothing_doubled(
    home: Home, tmp_path: Path
) -> None:
    token = home.client.headers["Authorization"].removeprefix("Bearer ")
    signed_up = [item async for item in every_item(home.table)]
    await import_file(home.client, _file(), _KEY)
    whole = await _whole(home)
    outcomes: list[Any] = []

    while not outcomes or outcomes[-1][0] != 201:
        table = SqliteTable.open()
        await table.bulk(puts=signed_up)
        fading = FadingTable(table)
        async with open_home(fading, tmp_path, token=token) as mortal:
            fading.writes_left = len(outcomes)
            died = await send_file(mortal.client, _file(), _KEY)
            fading.revive()
            await _claims_end(table)
            again = await send_file(mortal.client, _file(), _KEY)
            outcomes.append((died.status_code, again.status_code, await _whole(mortal)))
        await table.close()

    assert {outcome[0] for outcome in outcomes} == {503, 201}
    assert [place for place, each in enumerate(outcomes) if each[1:] != (201, whole)] == []
    assert len(outcomes) > 30


async def test_what_was_written_since_is_kept(home: Home) -> None:
    file = _file()
    imported = await import_file(home.client, file, _KEY)
    agent_id = imported["agents"][0]["agent_id"]
    path = f"/agents/{agent_id}/memory-blocks/human/content"
    await home.client.put(path, json={"lines": ["Name: Bob"]})
    talk = (await home.get("/conversations/?limit=100"))["items"][-1]
    await home.client.put(f"/conversations/{talk['conversation_id']}", json={"title": "Mine"})
    await _undo_answer(home)

    again = await import_file(home.client, file, _KEY)

    assert again["agent_id"] == agent_id
    assert (await home.get(path))["lines"] == ["Name: Bob"]
    assert (await home.get(f"/conversations/{talk['conversation_id']}"))["title"] == "Mine"


async def _undo_answer(home: Home) -> None:
    """As if the process had died before it noted that the import was done."""
    async for item in every_item(home.table):
        if str(item["sk"]).startswith("Idempotency#"):
            await home.table.update(key_of(item), Set("claimed_until", 0), Set("state", "pending"))
            await home.table.update(key_of(item), Set("answer", None))


async def test_without_a_crash_the_same_import_is_answered_the_same(home: Home) -> None:
    first = await send_file(home.client, _file(), _KEY)
    second = await send_file(home.client, _file(), _KEY)
    other = await send_file(home.client, agent_file(), _KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(await home.get("/agents")) == 2


async def test_a_refused_file_may_be_corrected_under_its_key(home: Home) -> None:
    refused = await send_file(home.client, agent_file(version=2), _KEY)
    corrected = await send_file(home.client, agent_file(), _KEY)

    assert (refused.status_code, corrected.status_code) == (422, 201)


async def test_an_agent_that_is_deleted_meanwhile_leaves_nothing(
    table: Table, tmp_path: Path
) -> None:
    mortal = MortalTable(table)
    async with open_home(mortal, tmp_path) as home:

        async def delete() -> None:
            (agent,) = await home.get("/agents")
            await home.client.delete(f"/agents/{agent['agent_id']}")

        mortal.waits_before = lambda action: getattr(action, "key", ("", ""))[1].startswith(
            "CoreMemory#"
        )
        mortal.meanwhile = delete
        agent = _file()["agents"][0] | {"conversations": []}

        response = await send_file(home.client, agent)

        assert response.status_code == 503
        assert "The agent was deleted while it was being imported." in response.json()["detail"]
        assert await home.get("/agents") == []
        left = {str(item["pk"]) async for item in every_item(table)}
        assert [pk for pk in left if pk.startswith("Agent#")] == []


async def test_an_export_after_that_is_the_same(home: Home) -> None:
    imported = await import_file(home.client, _file(), _KEY)

    files = [await export_agent(home.client, each["agent_id"]) for each in imported["agents"]]

    first, second = map(comparable, files)
    names = [file["agent"].pop("agent_name") for file in (first, second)]
    assert first == second
    assert names == ["Librarian", "Librarian (2)"]
