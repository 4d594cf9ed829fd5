"""Processes on one table, of which some die: in memory, so that a test says when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from smriti.conversations.repository import conversation_key
from smriti.db.table import Action, Item, Put, Remove, Set, Table, Update, key_of
from smriti.llm.provider import CallRequested, Finished, Provider, TextChunk
from smriti.llm.types import ModelRequest, ToolCall
from smriti.turns.starter import Starter
from tests.fakes.mortal_table import MortalTable, Which
from tests.fakes.paused_provider import Pause, PausedProvider, Script
from tests.home import Home, open_home
from tests.patience import PATIENCE_S
from tests.turns.attaching import attach, numbered_events, turns_of, until

LONG_AGO: Final = "2020-01-01T00:00:00.000000+00:00"
ALICE: Final = "alice@local"

type Json = dict[str, Any]


class Cluster:
    """One table, and the processes on it. What they have begun ends with the test."""

    def __init__(self, table: Table, data_dir: Path, stack: AsyncExitStack) -> None:
        self.table = table
        self._data_dir = data_dir
        self._stack = stack
        self._requests: list[asyncio.Task[httpx2.Response]] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls, table: Table, data_dir: Path) -> AsyncIterator["Cluster"]:
        async with AsyncExitStack() as stack:
            cluster = cls(table, data_dir, stack)
            yield cluster
            for request in cluster._requests:
                request.cancel()
            await asyncio.gather(*cluster._requests, return_exceptions=True)

    async def process(self, model: Provider | None = None) -> tuple[Home, MortalTable]:
        table = MortalTable(self.table)
        opening = open_home(table, self._data_dir, model=model, shutdown_grace_s=0)
        return await self._stack.enter_async_context(opening), table

    def sending(
        self, home: Home, conversation: Json, content: str = "Well?"
    ) -> "asyncio.Task[httpx2.Response]":
        return self._asking(home.send(conversation, {"content": content}))

    def asking_again(
        self, home: Home, conversation: Json, question: Json, *, edited: str | None = None
    ) -> "asyncio.Task[httpx2.Response]":
        what, body = ("retry", {}) if edited is None else ("edit", {"content": edited})
        path = f"/conversations/{conversation['conversation_id']}/messages"
        return self._asking(home.client.post(f"{path}/{question['message_id']}/{what}", json=body))

    def _asking(self, request: Any) -> "asyncio.Task[httpx2.Response]":
        task: asyncio.Task[httpx2.Response] = asyncio.ensure_future(request)
        self._requests.append(task)
        return task

    async def lease_ends(self, conversation: Json) -> None:
        key = conversation_key(ALICE, conversation["conversation_id"])
        await self.table.update(key, Set("lease_until", LONG_AGO))

    async def lease_is_gone(self, conversation: Json) -> None:
        """As if the conversation had been given back."""
        key = conversation_key(ALICE, conversation["conversation_id"])
        await self.table.update(key, Remove("lease_by"), Remove("lease_until"))

    async def conversation_item(self, conversation: Json) -> Json:
        key = conversation_key(ALICE, conversation["conversation_id"])
        return dict(await self.table.get(key) or {})


async def talk_of(home: Home, **agent: Any) -> Json:
    return await home.conversation(await home.scripted_agent(**agent), title="Tea")


async def sweep(home: Home) -> None:
    await home.services.get(Starter).sweep()


async def heard(home: Home, conversation: Json, turn_id: str, after: int = 0) -> list[Json]:
    return numbered_events((await attach(home, conversation, turn_id, after)).text)


async def only_turn(home: Home, conversation: Json) -> Json:
    (turn,) = await turns_of(home, conversation)
    return turn


async def until_ended(home: Home, conversation: Json) -> list[Json]:
    """All turns of a conversation, the oldest first, once none runs or waits."""
    found: list[Json] = []

    async def all_have_ended() -> bool:
        found[:] = await turns_of(home, conversation)
        return all(turn["status"] not in {"running", "queued"} for turn in found)

    await until(all_have_ended)
    return found[::-1]


def called(name: str, *, call_id: str = "1", **arguments: Any) -> CallRequested:
    return CallRequested(ToolCall(call_id=call_id, name=name, arguments=arguments))


def remembers(fact: str, *, call_id: str = "1") -> CallRequested:
    return called("core_memory_append", call_id=call_id, block="human", content=fact)


STEP: Final[Script] = [TextChunk("Noted."), remembers("Name: Alice"), Finished("tool_calls")]
ANSWER: Final[Script] = [TextChunk("Hello Alice"), Finished("stop")]


def changes_block(action: Action) -> bool:
    """A tool's write to core memory."""
    return action.key[1].startswith("CoreMemory#")


def puts(kind: str, **values: Any) -> Which:
    """Which writes are puts of such an item."""

    def which(action: Action) -> bool:
        if not isinstance(action, Put) or not action.key[1].startswith(f"{kind}#"):
            return False
        return all(action.item.get(name) == value for name, value in values.items())

    return which


def updates(kind: str, *names: str) -> Which:
    """Which writes are changes of all these attributes of such an item."""

    def which(action: Action) -> bool:
        if not isinstance(action, Update) or not action.key[1].startswith(f"{kind}#"):
            return False
        return set(names) <= {change.name for change in action.changes}

    return which


async def died(
    cluster: Cluster,
    *scripts: Script,
    before: Which | None = None,
    after: Which | None = None,
    lease_ends: bool = True,
) -> tuple[Home, Json]:
    """A process that died over a question, and its conversation. Without a deadly write it died
    in a pause at the end of the last script."""
    pause = Pause()
    *whole, last = scripts
    mortal = before is not None or after is not None
    home, table = await cluster.process(PausedProvider(*whole, last if mortal else [*last, pause]))
    conversation = await talk_of(home)
    table.dies_before = before or table.dies_before
    table.dies_after = after or table.dies_after
    sending = cluster.sending(home, conversation)
    async with asyncio.timeout(PATIENCE_S):
        await (asyncio.wait([sending]) if mortal else pause.reached.wait())
    table.dead = True
    if lease_ends:
        await cluster.lease_ends(conversation)
    return home, conversation


def shape_of(request: ModelRequest) -> list[tuple[str, list[str]]]:
    """Who says what in a request: the types of the parts."""
    return [(message.role, [part.type for part in message.parts]) for message in request.messages]


async def until_waiting(cluster: Cluster, conversation: Json) -> None:
    async def one_waits() -> bool:
        return (await cluster.conversation_item(conversation)).get("waiting") == 1

    await until(one_waits)


async def items_with(cluster: Cluster, word: str) -> list[Item]:
    page = await cluster.table.scan()
    return [item for item in page.items if key_of(item)[1].startswith(word)]


async def lines(home: Home, conversation: Json) -> list[str]:
    found: list[str] = (await home.get(block_path(conversation)))["lines"]
    return found


async def fill(home: Home, conversation: Json, text: list[str]) -> None:
    response = await home.client.put(block_path(conversation), json={"lines": text})
    assert response.is_success, response.text


def block_path(conversation: Json) -> str:
    return f"/agents/{conversation['agent_id']}/memory-blocks/human/content"
