"""Request bodies out of the port's arguments, and the port's answers out of responses. No I/O."""

from collections.abc import Sequence
from typing import Final

from smriti.db.dynamodb_wire import (
    Placeholders,
    Wire,
    condition_expression,
    dump_item,
    dump_key,
    load_item,
    update_expression,
)
from smriti.db.position import position_of, scan_position_of, start_of
from smriti.db.rules import INDEX_PK, INDEX_SK
from smriti.db.table import (
    INDEX,
    Action,
    Check,
    ConditionFailed,
    Delete,
    InvalidOperation,
    Item,
    ItemPage,
    ItemTooLarge,
    Put,
    Query,
    TableBusy,
    TableError,
    TableUnavailable,
    TransactionFailed,
    Update,
)

_CONFLICTS: Final = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ReplicatedWriteConflictException",
    }
)
_THROTTLES: Final = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "ThrottlingException",
    }
)


class WriteConflict(TableBusy):
    """Another write was on the same item at this moment; nothing was applied."""


def action_request(action: Action) -> Wire:
    """The members of one write, alone or in a transaction; a failed condition shows the item."""
    places = Placeholders()
    request: Wire = {"Item": dump_item(action.item)} if isinstance(action, Put) else {}
    if not isinstance(action, Put):
        request["Key"] = dump_key(action.key)
    if isinstance(action, Update):
        request["UpdateExpression"] = update_expression(action.changes, places)
    if action.when is not None:
        request["ConditionExpression"] = condition_expression(action.when, places)
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request | places.members()


def transaction_verb(action: Action) -> str:
    return "ConditionCheck" if isinstance(action, Check) else type(action).__name__


def query_request(query: Query) -> Wire:
    """`InvalidPosition`."""
    pk_name, sk_name = (INDEX_PK, INDEX_SK) if query.index else ("pk", "sk")
    places = Placeholders()
    expression = f"{places.name(pk_name)} = {places.value(query.pk)}"
    if query.begins:
        begins = places.value(query.begins)
        expression += f" AND begins_with({places.name(sk_name)}, {begins})"
    if query.between is not None:
        low, high = (places.value(end) for end in query.between)
        expression += f" AND {places.name(sk_name)} BETWEEN {low} AND {high}"
    request: Wire = {
        "KeyConditionExpression": expression,
        "Limit": query.limit,
        "ScanIndexForward": not query.newest_first,
        **({"IndexName": INDEX} if query.index else {"ConsistentRead": True}),
        **places.members(),
    }
    start = start_of(query)
    if start is not None and query.index:
        index_key = {INDEX_PK: {"S": query.pk}, INDEX_SK: {"S": start[0]}}
        request["ExclusiveStartKey"] = index_key | dump_key((start[1], start[2]))
    elif start is not None:
        request["ExclusiveStartKey"] = dump_key((query.pk, start[0]))
    return request


def refusal(response: Wire) -> TableError:
    """What an error response means in the port's words."""
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(_old_item(response))
    if code == "TransactionCanceledException":
        return _cancellation(response.get("CancellationReasons", []))
    return _refusal_of(code, response["Error"].get("Message", ""))


def _cancellation(reasons: Sequence[Wire]) -> TableError:
    """A transaction has a reason for each action. Conditions are judged before changes."""
    codes = [str(reason.get("Code")) for reason in reasons]
    failed = {
        position: _old_item(reason)
        for position, reason in enumerate(reasons)
        if codes[position] == "ConditionalCheckFailed"
    }
    if failed:
        return TransactionFailed(failed)
    if "ValidationError" in codes:
        invalid = reasons[codes.index("ValidationError")]
        return _refusal_of("ValidationException", invalid.get("Message", ""))
    cause = next((code for code in codes if code in _CONFLICTS | _THROTTLES), "unknown")
    return _refusal_of(cause, "The transaction was cancelled.")


def _refusal_of(code: str, message: str) -> TableError:
    if code == "ValidationException":
        too_large = "maximum allowed size" in message
        return ItemTooLarge(message) if too_large else InvalidOperation(message)
    if code in _CONFLICTS:
        return WriteConflict(f"Another write was on the same item: {code}.")
    if code in _THROTTLES:
        return TableBusy(f"DynamoDB is asked too often: {code}.")
    return TableUnavailable(f"DynamoDB failed: {code}: {message}")


def _old_item(response: Wire) -> Item | None:
    wire = response.get("Item")
    return load_item(wire) if wire else None


def bulk_request(action: Put | Delete) -> Wire:
    if isinstance(action, Put):
        return {"PutRequest": {"Item": dump_item(action.item)}}
    return {"DeleteRequest": {"Key": dump_key(action.key)}}


def table_request(name: str) -> Wire:
    """The table as the port needs it; paid by request, with every attribute in the index."""
    keys = ("pk", "sk"), (INDEX_PK, INDEX_SK)
    table_keys, index_keys = (
        [
            {"AttributeName": first, "KeyType": "HASH"},
            {"AttributeName": second, "KeyType": "RANGE"},
        ]
        for first, second in keys
    )
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": table_keys,
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": "S"} for pair in keys for key in pair
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": INDEX,
                "KeySchema": index_keys,
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }


def read_nothing(_response: Wire) -> None:
    return None


def read_found(response: Wire) -> Item | None:
    return load_item(response["Item"]) if "Item" in response else None


def read_attributes(response: Wire) -> Item:
    return load_item(response["Attributes"])


def read_page(response: Wire, *, index: bool) -> ItemPage:
    last = response.get("LastEvaluatedKey")
    position = position_of(load_item(last), index=index) if last else None
    return ItemPage([load_item(wire) for wire in response["Items"]], position)


def read_scan(response: Wire) -> ItemPage:
    last = response.get("LastEvaluatedKey")
    position = scan_position_of((last["pk"]["S"], last["sk"]["S"])) if last else None
    return ItemPage([load_item(wire) for wire in response["Items"]], position)
