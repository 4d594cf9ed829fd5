"""One conversation under everything that may happen to it, and what must hold in the end."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

from smriti.conversations.repository import conversation_key
from smriti.core.clock import utc_now
from smriti.db.sqlite import SqliteTable
from smriti.db.table import ConditionFailed, Item, Present, Set, Table, key_of
from smriti.turns.models import ATTEMPT
from smriti.turns.runner import TurnRunner
from smriti.usage.models import month_of
from tests.fakes.gated_provider import GatedProvider
from tests.fakes.mortal_table import MortalTable
from tests.home import Home, open_home
from tests.turns.attaching import Event, until
from tests.turns.crashing import ALICE, LONG_AGO, Json, sweep, talk_of
from tests.turns.streaming import Reader

ENDS: Final = {"STREAM_COMPLETE", "ERROR"}
ENDED: Final = {"complete", "failed", "cancelled"}


class Ground:
    """What all examples begin with: an account and an agent, made once."""

    items: list[Item]
    token: str
    conversation: Json

    @classmethod
    async def made(cls, data_dir: Path) -> "Ground":
        ground = cls()
        table = SqliteTable.open()
        async with open_home(table, data_dir, model=GatedProvider()) as home:
            ground.conversation = await talk_of(home, session_timeout_minutes=0)
            ground.token = home.client.headers["Authorization"].removeprefix("Bearer ")
        ground.items = (await table.scan()).items
        await table.close()
        return ground


class Process:
    def __init__(self, home: Home, table: MortalTable, model: GatedProvider) -> None:
        self.home = home
        self.table = table
        self.model = model
        self.readers: list[Reader] = []

    @classmethod
    async def started(cls, table: Table, data_dir: Path, token: str, stack: AsyncExitStack) -> Self:
        mortal, model = MortalTable(table), GatedProvider()
        opening = open_home(mortal, data_dir, model=model, token=token, shutdown_grace_s=0)
        return cls(await stack.enter_async_context(opening), mortal, model)

    def hang_up(self) -> None:
        for reader in self.readers:
            reader.leave()

    def die(self) -> None:
        self.table.dead = True
        self.hang_up()

    async def wake(self, turn_ids: Iterable[str]) -> None:
        """Go on as if nothing had happened, until there is nothing left to do; then die again."""
        self.table.dead = False
        self.model.open()
        runner = self.home.services.get(TurnRunner)

        async def nothing_runs() -> bool:
            return not any(map(runner.find, turn_ids))

        await until(nothing_runs)
        self.table.dead = True


class World:
    """The conversation, the process that lives, those that died, and everybody who listens."""

    def __init__(self, ground: Ground, data_dir: Path) -> None:
        self._ground = ground
        self._data_dir = data_dir
        self._stack = AsyncExitStack()
        self.table: Table = SqliteTable.open()
        self.conversation = ground.conversation
        self.dead: list[Process] = []
        self.posts: list[Reader] = []
        self.attached: list[Reader] = []
        self.last_readers: list[Reader] = []
        self.named: dict[str, str] = {}
        self.sent = 0
        self.deleted = False
        self.contested = False
        self.live: Process
        self._live_stack: AsyncExitStack

    async def open(self) -> None:
        await self.table.bulk(puts=self._ground.items)
        await self.start()

    async def start(self) -> None:
        stack = await self._stack.enter_async_context(AsyncExitStack())
        self.live = await Process.started(self.table, self._data_dir, self._ground.token, stack)
        self._live_stack = stack

    @property
    def _path(self) -> str:
        return f"/conversations/{self.conversation['conversation_id']}"

    def _reader(
        self, method: str, path: str, body: Json | None = None, key: str | None = None
    ) -> Reader:
        headers = {"Authorization": f"Bearer {self._ground.token}"}
        headers |= {"Idempotency-Key": key} if key is not None else {}
        reader = Reader(int(path.partition("after=")[2] or 0))
        reader.start(self.live.home.app, method, path, headers, body)
        self.live.readers.append(reader)
        return reader

    async def send(self, plan: str, key: str | None = None) -> None:
        self.sent += 1
        content = f"{self.sent}:{plan}"
        again = key in self.named
        if key is not None:
            content = self.named.setdefault(key, content)
        agent, conversation = self.conversation["agent_id"], self.conversation["conversation_id"]
        path = f"/agents/{agent}/{conversation}/send-message"
        post = self._reader("POST", path, {"content": content}, key)
        self.posts.append(post)

        async def is_heard() -> bool:
            known = again and post.status is not None  # it may wait without a word
            return known or post.ended or is_acknowledged(post)

        await until(is_heard)
        assert post.status == 200 or (self.deleted and post.status == 404)

    async def hear(self, pieces: int) -> None:
        """The model says so much more, of which something is heard."""
        self.live.model.let_out(pieces)
        for _ in range(10 * pieces):
            await asyncio.sleep(0)

    def heard_of(self, turn_id: str) -> list[int]:
        """The numbers of the events that somebody has heard of a turn."""
        events = [event for reader in self._readers for event in reader.events]
        return sorted({event["seq"] for event in events if event["turn_id"] == turn_id})

    async def attach(self, turn_id: str, after: int) -> None:
        reader = self._reader("GET", f"{self._path}/turns/{turn_id}/events?after={after}")
        self.attached.append(reader)

        async def is_answered() -> bool:
            return reader.status is not None

        await until(is_answered)

    async def cancel(self, turn_id: str) -> None:
        await self.live.home.client.post(f"{self._path}/turns/{turn_id}/cancel", json={})

    async def crash(self) -> None:
        """A process dies, time passes, another one looks after what it left."""
        self.live.die()
        self.dead.append(self.live)
        await self.time_passes()
        await self.start()
        await sweep(self.live.home)

    async def stop_and_start(self) -> None:
        """As an operator does it."""
        for reader in self.live.readers:
            reader.cut = reader.cut or not reader.ended
        await self._live_stack.aclose()
        self.live.hang_up()
        await self.time_passes()  # for what it was just about to begin
        await self.start()
        await sweep(self.live.home)

    async def wake(self, number: int) -> None:
        """A process that was taken for dead goes on, while others have taken what it had."""
        self.contested = True
        await self.dead[number].wake(self.turn_ids)
        await self.time_passes()
        await sweep(self.live.home)

    async def time_passes(self) -> None:
        for item in (await self.table.scan()).items:
            if key_of(item)[1].startswith("Idempotency#"):
                await self.table.update(key_of(item), Set("claimed_until", 0))
        key = conversation_key(ALICE, self.conversation["conversation_id"])
        with suppress(ConditionFailed):
            await self.table.update(key, Set("lease_until", LONG_AGO), when=Present("lease_until"))

    async def delete(self) -> None:
        response = await self.live.home.client.delete(self._path)
        assert response.status_code == (404 if self.deleted else 204)
        self.deleted = True

    @property
    def _readers(self) -> list[Reader]:
        return [*self.posts, *self.attached]

    @property
    def turn_ids(self) -> list[str]:
        """Of all turns that somebody has heard of, in order."""
        return sorted({e["turn_id"] for post in self.posts for e in post.events[:1]})

    async def settle(self) -> None:
        """Let everything come to its end, and listen to it again."""
        self.live.model.open()
        await sweep(self.live.home)
        if not self.deleted:
            await self.send("")  # is answered after all the others
        await until(self._all_has_ended)
        for _ in range(2):  # what was left open is closed at the second look
            await sweep(self.live.home)
        for turn_id in self.turn_ids if not self.deleted else ():
            await self.attach(turn_id, 0)
            self.last_readers.append(self.live.readers[-1])
        await until(self._all_has_ended)

    async def _all_has_ended(self) -> bool:
        return all(reader.ended for reader in self.live.readers)

    async def close(self) -> None:
        for process in (*self.dead, self.live):
            process.die()
        await self._stack.aclose()
        tasks = [reader.task for reader in self._readers if reader.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.table.close()

    async def check(self) -> None:
        """What must hold, now that everything has ended."""
        self._check_streams()
        if self.deleted:
            conversation_id = self.conversation["conversation_id"]
            items = (await self.table.scan()).items
            assert not [item for item in items if conversation_id in "".join(key_of(item))]
            return
        home = self.live.home
        turns = (await home.get(f"{self._path}/turns?limit=100"))["items"]
        assert {turn["status"] for turn in turns} <= ENDED
        acknowledged = {p.events[0]["turn_id"] for p in self.posts if is_acknowledged(p)}
        assert acknowledged <= {turn["turn_id"] for turn in turns}
        check_messages(await home.messages(self.conversation), turns)
        await self._check_counted()
        item = await self.table.get(conversation_key(ALICE, self.conversation["conversation_id"]))
        assert item is not None
        assert (item.get("lease_by"), item.get("waiting", 0)) == (None, 0)

    async def _check_counted(self) -> None:
        """Every turn that counts is counted; a process that dies may have counted one too many."""
        items = (await self.table.scan()).items
        counts = [item for item in items if item["sk"] == f"Usage#{month_of(utc_now())}"]
        counted = sum(int(str(item["messages_used"])) for item in counts)
        turns = [item for item in items if key_of(item)[1].startswith("TURN#")]
        counting = [turn for turn in turns if "reserved" in turn]
        assert len(counting) <= counted
        assert counted == len(counting) or self.dead
        assert all("reserved" in turn for turn in turns if turn["status"] != "failed")

    def _check_streams(self) -> None:
        told: dict[tuple[str, int], Event] = {}
        for reader in self._readers:
            events = reader.events
            check_numbers(events, reader.after)
            for event in events:
                assert told.setdefault((event["turn_id"], event["seq"]), event) == event
            ends = [event for event in events if event["event_type"] in ENDS]
            assert len(ends) <= 1
            assert events[-1:] == ends or not ends
            heard_all = reader.status == 200 and not (reader.cut or self.contested or self.deleted)
            assert ends or not (heard_all or reader in self.last_readers)


def is_acknowledged(reader: Reader) -> bool:
    return any(
        event["event_type"] == "MESSAGE_SAVED" or "Waiting for" in (event["content"] or "")
        for event in reader.events
    )


def check_numbers(events: list[Event], after: int) -> None:
    """Without gaps from the first one that was not known, or from the start of an attempt."""
    numbers = [event["seq"] for event in events]
    assert numbers == [*range(numbers[0], numbers[0] + len(numbers))] if numbers else True
    if numbers and numbers[0] != after + 1:
        assert numbers[0] % ATTEMPT in {0, 1}
        assert numbers[0] > after


def check_messages(messages: list[Json], turns: list[Json]) -> None:
    """Each turn's question once, and its answer, if there is one, right after it and once."""
    turn_ids = [message["turn_id"] for message in messages]
    assert turn_ids == sorted(turn_ids, key=turn_ids.index)
    records = {turn["turn_id"]: turn for turn in turns}
    roles: dict[str, list[str]] = {}
    for message in messages:
        roles.setdefault(message["turn_id"], []).append(message["role"])
    assert roles.keys() <= records.keys()
    assert all(each in (["user"], ["user", "assistant"]) for each in roles.values())
    for turn_id, turn in records.items():
        if turn["status"] == "complete":
            assert roles[turn_id] == ["user", "assistant"]
    for question, answer in pairwise(messages):
        if answer["role"] == "assistant":
            check_answer(question["content"], answer)


def check_answer(question: str, answer: Json) -> None:
    """Each part once: every call with one result, the last words said once."""
    name, _, plan = question.partition(":")
    kinds = Counter(part["type"] for part in answer["parts"])
    calls = [part["call_id"] for part in answer["parts"] if part["type"] == "tool_call"]
    results = [part["call_id"] for part in answer["parts"] if part["type"] == "tool_result"]
    assert len(set(calls)) == len(calls)
    assert len(set(results)) == len(results)
    assert set(results) <= set(calls)
    if answer["status"] == "complete":
        assert results == calls
        assert kinds["tool_call"] == sum(map(int, plan))
        steps = sum(step != "0" for step in plan)
        assert answer["content"] == "\n\n".join([*["Wait. "] * steps, f"answer {name}"])
