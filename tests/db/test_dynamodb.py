"""What the DynamoDB engine does when DynamoDB does not do at once what it is asked."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from moto import mock_aws

from smriti.db import dynamodb
from smriti.db.dynamodb import DynamoTable, create_table
from smriti.db.dynamodb_client import LeanParser
from smriti.db.dynamodb_wire import Wire
from smriti.db.table import (
    Add,
    Get,
    InvalidOperation,
    Item,
    ItemTooLarge,
    Put,
    TableBusy,
    TableError,
    TableUnavailable,
    TransactionFailed,
)

type Answer = Wire | Exception

KEYS = [("p", str(n)) for n in range(4)]


class ScriptedClient:
    """Answers the calls of the SDK's client from a script, and keeps what was asked."""

    def __init__(self, *script: Answer) -> None:
        self._script = list(script)
        self.asked: list[tuple[str, Wire]] = []

    def __getattr__(self, operation: str) -> Callable[..., Wire]:
        def call(**request: Any) -> Wire:
            self.asked.append((operation, request))
            answer = self._script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def close(self) -> None:
        assert not self._script


def refused(code: str, message: str = "", **members: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, **members}, "Operation")


def cancelled(*codes: str, message: str = "") -> ClientError:
    reasons = [{"Code": code, "Message": message} for code in codes]
    return refused("TransactionCanceledException", CancellationReasons=reasons)


def wire(key: tuple[str, str]) -> Wire:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def items(*numbers: int) -> list[Wire]:
    return [wire(KEYS[number]) for number in numbers]


async def test_what_a_batch_leaves_unread_is_asked_for_again() -> None:
    left = {"t": {"Keys": items(1, 3), "ConsistentRead": True}}
    client = ScriptedClient(
        {"Responses": {"t": items(2, 0)}, "UnprocessedKeys": left},
        {"Responses": {"t": []}, "UnprocessedKeys": left},
        {"Responses": {"t": items(3)}, "UnprocessedKeys": {}},
    )
    table = DynamoTable(client, "t", 1)

    found = await table.read(*map(Get, KEYS))

    stored: list[Item | None] = [{"pk": pk, "sk": sk} for pk, sk in KEYS]
    assert found == [stored[0], None, stored[2], stored[3]]
    assert [len(asked["RequestItems"]["t"]["Keys"]) for _, asked in client.asked] == [4, 2, 2]
    await table.close()


async def test_what_a_bulk_write_leaves_undone_is_asked_for_again() -> None:
    left = {"t": [{"DeleteRequest": {"Key": wire(KEYS[1])}}]}
    client = ScriptedClient({"UnprocessedItems": left}, {"UnprocessedItems": {}})
    table = DynamoTable(client, "t", 1)

    await table.bulk(puts=[{"pk": "p", "sk": "0"}], deletes=[KEYS[1]])

    assert [request["RequestItems"]["t"] for _, request in client.asked] == [
        [{"PutRequest": {"Item": wire(KEYS[0])}}, *left["t"]],
        left["t"],
    ]
    await table.close()


async def test_a_bulk_write_that_goes_on_being_refused_is_given_up() -> None:
    left = {"UnprocessedItems": {"t": [{"DeleteRequest": {"Key": wire(KEYS[1])}}]}}
    client = ScriptedClient(*[left] * 6)
    table = DynamoTable(client, "t", 1)

    with pytest.raises(TableBusy):
        await table.bulk(deletes=[KEYS[1]])

    await table.close()


async def test_a_conflicting_write_is_tried_again_with_its_token() -> None:
    client = ScriptedClient(cancelled("None", "TransactionConflict"), {})
    table = DynamoTable(client, "t", 1)

    await table.write(Put({"pk": "p", "sk": "1"}), Put({"pk": "p", "sk": "2"}))

    (_, first), (_, second) = client.asked
    assert first == second
    assert len(first["ClientRequestToken"]) == 32
    await table.close()


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (refused("ThrottlingException"), TableBusy),
        (refused("ProvisionedThroughputExceededException"), TableBusy),
        (refused("RequestLimitExceeded"), TableBusy),
        (refused("ValidationException", "Type mismatch"), InvalidOperation),
        (refused("ValidationException", "... maximum allowed size"), ItemTooLarge),
        (refused("ResourceNotFoundException"), TableUnavailable),
        (refused("UnrecognizedClientException"), TableUnavailable),
        (refused("InternalServerError"), TableUnavailable),
        (cancelled("None", "ThrottlingError"), TableBusy),
        (cancelled("ConditionalCheckFailed", "ValidationError"), TransactionFailed),
        (cancelled("None", "ValidationError", message="mismatch"), InvalidOperation),
        (cancelled("None", "Unheard"), TableUnavailable),
        (EndpointConnectionError(endpoint_url="http://nowhere"), TableUnavailable),
        (ResponseParserError("not JSON"), TableUnavailable),
    ],
)
async def test_failures_in_the_words_of_the_port(
    failure: Exception, raised: type[TableError]
) -> None:
    table = DynamoTable(ScriptedClient(failure), "t", 1)

    with pytest.raises(TableError) as caught:
        await table.update(("p", "s"), Add("n", 1))

    assert type(caught.value) is raised
    await table.close()


async def test_too_many_that_wait_are_turned_away(blocked: DynamoTable) -> None:
    waiting = [asyncio.ensure_future(blocked.get(("p", "s"))) for _ in range(dynamodb.MAX_WAITING)]
    await asyncio.sleep(0)

    with pytest.raises(TableBusy):
        await blocked.get(("p", "s"))

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.fixture
async def blocked() -> AsyncIterator[DynamoTable]:
    """A table whose calls do not end before the test does."""
    ended = threading.Event()

    class BlockedClient:
        def get_item(self, **_: Any) -> Wire:
            ended.wait()
            return {}

        def close(self) -> None:
            return None

    table = DynamoTable(BlockedClient(), "t", 1)
    yield table
    ended.set()
    await table.close()


async def test_a_closed_table_is_unavailable() -> None:
    table = DynamoTable(ScriptedClient(), "t", 1)
    await table.close()

    with pytest.raises(TableUnavailable):
        await table.get(("p", "s"))


def test_a_table_is_made_once_with_an_expiry() -> None:
    with mock_aws():
        made = [create_table("smriti", region="eu-west-2") for _ in range(2)]
        client = boto3.client("dynamodb", region_name="eu-west-2")
        expiry = client.describe_time_to_live(TableName="smriti")["TimeToLiveDescription"]

    assert made == [True, False]
    assert expiry == {"AttributeName": "ttl", "TimeToLiveStatus": "ENABLED"}


@pytest.mark.parametrize("keys", [("id",), ("pk", "sk")])
def test_a_table_of_another_kind_is_refused(keys: tuple[str, ...]) -> None:
    kinds = ("HASH", "RANGE")[: len(keys)]
    with mock_aws():
        boto3.client("dynamodb", region_name="eu-west-2").create_table(
            TableName="other",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, kinds, strict=True)
            ],
        )
        with pytest.raises(InvalidOperation, match="exists"):
            create_table("other", region="eu-west-2")


def test_a_response_that_is_not_json_is_no_answer() -> None:
    response = {"status_code": 200, "body": b"<html>", "headers": {}}

    with pytest.raises(ResponseParserError):
        LeanParser().parse(response, None)
