"""The DynamoDB engine: the same table in DynamoDB, or in a store that speaks its protocol.

boto3 blocks, so every call runs in a small pool of threads of this engine. More threads than
`WORKERS` gain nothing, because they share one interpreter lock, and hold up the event loop.
"""

import asyncio
import random
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import batched
from typing import Any, Final, Self

from smriti.core.clock import unix_now
from smriti.db.dynamodb_client import answer, refusals, sdk_client
from smriti.db.dynamodb_requests import (
    WriteConflict,
    action_request,
    bulk_request,
    query_request,
    read_attributes,
    read_found,
    read_nothing,
    read_page,
    read_scan,
    table_request,
    transaction_verb,
)
from smriti.db.dynamodb_wire import Wire, dump_key, load_item
from smriti.db.position import scan_start_of
from smriti.db.rules import (
    alive_item,
    alive_page,
    checked_actions,
    checked_bulk,
    checked_changes,
    checked_condition,
    checked_key,
    checked_reads,
)
from smriti.db.semantics import holds
from smriti.db.table import (
    INDEX,
    TTL,
    Action,
    Change,
    Check,
    Condition,
    ConditionFailed,
    Get,
    InvalidOperation,
    Item,
    ItemPage,
    Key,
    Query,
    Read,
    TableBusy,
    TableUnavailable,
    Update,
)

WORKERS: Final = 8
MAX_WAITING: Final = 1_000
_BATCH_GETS: Final = 100
_BATCH_WRITES: Final = 25
_BULK_AT_ONCE: Final = 4  # leaves workers to others
_ATTEMPTS: Final = 6
_PAUSE_S: Final = 0.02
_CREATION_TIMEOUT_S: Final = 300


class DynamoTable:
    """The table in DynamoDB. Open it with `DynamoTable.open`, and close it."""

    def __init__(self, client: Any, name: str, workers: int) -> None:
        self._client = client
        self._name = name
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="smriti-dynamodb")
        self._waiting = 0
        self._closed = False

    @classmethod
    async def open(
        cls,
        name: str,
        *,
        region: str,
        endpoint: str | None = None,
        workers: int = WORKERS,
        lean: bool = True,
    ) -> Self:
        """The table `name`, which exists already; credentials come from the usual AWS chain.

        `lean=False` reads responses with botocore's own parser, should ours ever fail with a new
        version of it.
        """
        return cls(
            await asyncio.to_thread(sdk_client, region, endpoint, workers, lean), name, workers
        )

    async def get(self, key: Key) -> Item | None:
        return alive_item(await self._item(checked_key(key)), unix_now())

    async def query(self, query: Query) -> ItemPage:
        checked_reads([query])
        return await self._page(query)

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        checked_reads(reads)
        keys = [read.key for read in reads if isinstance(read, Get)]
        queries = [read for read in reads if isinstance(read, Query)]
        items, pages = await asyncio.gather(
            self._items(keys), asyncio.gather(*map(self._page, queries))
        )
        now, left = unix_now(), iter(pages)
        return [
            alive_item(items.get(read.key), now) if isinstance(read, Get) else next(left)
            for read in reads
        ]

    async def update(self, key: Key, *changes: Change, when: Condition | None = None) -> Item:
        action = Update(checked_key(key), checked_changes(changes), checked_condition(when))
        request = {**action_request(action), "ReturnValues": "ALL_NEW"}
        return await self._write("update_item", request, read_attributes)

    async def write(self, *actions: Action) -> None:
        """Of one action or several; see `Table`."""
        checked = checked_actions(actions)
        if len(checked) > 1:
            await self._transact(checked)
        elif isinstance(checked[0], Check):
            await self._check(checked[0])
        else:
            operation = f"{type(checked[0]).__name__.lower()}_item"
            await self._write(operation, action_request(checked[0]), read_nothing)

    async def bulk(self, *, puts: Sequence[Item] = (), deletes: Sequence[Key] = ()) -> None:
        requests = [bulk_request(action) for action in checked_bulk(puts, deletes)]
        chunks = batched(requests, _BATCH_WRITES, strict=False)
        for together in batched(chunks, _BULK_AT_ONCE, strict=False):
            await asyncio.gather(*map(self._write_chunk, together))

    async def scan(self, *, after: str | None = None, limit: int = 500) -> ItemPage:
        start = scan_start_of(after, limit=limit)
        request: Wire = {"TableName": self._name, "Limit": limit, "ConsistentRead": True}
        if start is not None:
            request["ExclusiveStartKey"] = dump_key(start)
        return await self._call("scan", request, read_scan)

    async def close(self) -> None:
        """Finish what was begun, then close the connections."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        self._client.close()

    async def _item(self, key: Key) -> Item | None:
        request = {"TableName": self._name, "Key": dump_key(key), "ConsistentRead": True}
        return await self._call("get_item", request, read_found)

    async def _items(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Those that exist, read in as few requests as there can be."""
        unique = list(dict.fromkeys(keys))
        if len(unique) == 1:
            item = await self._item(unique[0])
            return {} if item is None else {unique[0]: item}
        chunks = batched(unique, _BATCH_GETS, strict=False)
        found = await asyncio.gather(*map(self._get_chunk, chunks))
        return {(str(item["pk"]), str(item["sk"])): item for items in found for item in items}

    async def _get_chunk(self, keys: Sequence[Key]) -> list[Item]:
        wanted = [dump_key(key) for key in keys]
        found: list[Item] = []
        fruitless = 0
        while wanted:
            asked = {self._name: {"Keys": wanted, "ConsistentRead": True}}
            items, wanted = await self._call("batch_get_item", {"RequestItems": asked}, self._got)
            found += items
            fruitless = 0 if items else fruitless + 1
            if wanted:
                await _pause(fruitless)
        return found

    def _got(self, response: Wire) -> tuple[list[Item], list[Wire]]:
        items = [load_item(wire) for wire in response["Responses"].get(self._name, [])]
        left = (response.get("UnprocessedKeys") or {}).get(self._name, {})
        return items, left.get("Keys", [])

    async def _write_chunk(self, requests: Sequence[Wire]) -> None:
        fruitless = 0
        while requests:
            asked = {"RequestItems": {self._name: list(requests)}}
            left = await self._call("batch_write_item", asked, self._unwritten)
            fruitless = 0 if len(left) < len(requests) else fruitless + 1
            requests = left
            if requests:
                await _pause(fruitless)

    def _unwritten(self, response: Wire) -> list[Wire]:
        left: list[Wire] = (response.get("UnprocessedItems") or {}).get(self._name, [])
        return left

    async def _page(self, query: Query) -> ItemPage:
        request = {"TableName": self._name, **query_request(query)}
        page = await self._call("query", request, partial(read_page, index=query.index))
        return alive_page(page, unix_now())

    async def _transact(self, actions: Sequence[Action]) -> None:
        items = [
            {transaction_verb(action): {"TableName": self._name, **action_request(action)}}
            for action in actions
        ]
        # The token makes a repetition harmless whose first try was applied without our knowing.
        request = {"TransactItems": items, "ClientRequestToken": uuid.uuid4().hex}
        await self._retry_conflicts("transact_write_items", request, read_nothing)

    async def _check(self, check: Check) -> None:
        item = await self._item(check.key)
        if not holds(check.when, item or {}):
            raise ConditionFailed(item)

    async def _write[T](self, operation: str, request: Wire, read: Callable[[Wire], T]) -> T:
        return await self._retry_conflicts(operation, {"TableName": self._name, **request}, read)

    async def _retry_conflicts[T](
        self, operation: str, request: Wire, read: Callable[[Wire], T]
    ) -> T:
        """Call again when a transaction was on the same item: it is over in a moment."""
        attempt = 1
        while True:
            try:
                return await self._call(operation, request, read)
            except WriteConflict:
                await _pause(attempt)
                attempt += 1

    async def _call[T](self, operation: str, request: Wire, read: Callable[[Wire], T]) -> T:
        """What `read`, in a worker too, makes of the response to one request."""
        if self._closed:
            raise TableUnavailable("The table is closed.")
        if self._waiting >= MAX_WAITING:
            raise TableBusy("Too many operations are waiting for DynamoDB.")
        self._waiting += 1
        try:
            call = partial(answer, getattr(self._client, operation), request, read)
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        finally:
            self._waiting -= 1


async def _pause(attempt: int) -> None:
    """Back off before another attempt; `TableBusy` when there have been enough. 0 waits not."""
    if attempt >= _ATTEMPTS:
        raise TableBusy("DynamoDB went on refusing a part of the work.")
    if attempt > 0:
        longest_s = _PAUSE_S * 2**attempt
        await asyncio.sleep(random.uniform(0, longest_s))  # noqa: S311 - jitter, not a secret


def create_table(name: str, *, region: str, endpoint: str | None = None) -> bool:
    """Make the table and wait until it is ready; False when it was there. Blocks.

    `InvalidOperation` when there is a table of this name with other keys.
    """
    client = sdk_client(region, endpoint, WORKERS, lean=False)
    with refusals():
        try:
            client.create_table(**table_request(name))
            made = True
        except client.exceptions.ResourceInUseException:
            made = False
        waiting = {"Delay": 1, "MaxAttempts": _CREATION_TIMEOUT_S}
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig=waiting)
        _check_table(client.describe_table(TableName=name)["Table"], name)
        expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if expiry["TimeToLiveStatus"] == "DISABLED":
            specification = {"Enabled": True, "AttributeName": TTL}
            client.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
    return made


def _check_table(found: Wire, name: str) -> None:
    wanted = table_request(name)
    indexes = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", [])}
    if found["KeySchema"] != wanted["KeySchema"]:
        raise InvalidOperation(f"The table {name!r} exists with other keys than pk and sk.")
    (index,) = wanted["GlobalSecondaryIndexes"]
    if indexes.get(INDEX, {}).get("KeySchema") != index["KeySchema"]:
        raise InvalidOperation(f"The table {name!r} exists without the index {INDEX!r}.")
