"""boto3's client for DynamoDB, as lean as it gets, and its failures in the port's words.

Nothing else of the project knows the SDK.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.session
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import JSONParser, ResponseParserError, ResponseParserFactory

from smriti.db.dynamodb_requests import refusal
from smriti.db.dynamodb_wire import Wire
from smriti.db.table import TableUnavailable


class LeanParser(JSONParser):  # type: ignore[misc]  # botocore has no types
    """Reads a successful response without botocore's walk along the service's model.

    That walk is two thirds of the cost of a query of twenty items. What it leaves undone, `load`
    does: bytes are still base64. Errors take botocore's own way, so that its retries work.
    """

    def parse(self, response: Wire, shape: object) -> Wire:
        status = response["status_code"]
        if status >= 300:
            failure: Wire = super().parse(response, shape)
            return failure
        try:
            body = orjson.loads(response["body"] or b"{}")
        except orjson.JSONDecodeError as error:
            raise ResponseParserError("The response is not JSON.") from error
        return {**body, "ResponseMetadata": {"HTTPStatusCode": status}}


class _LeanParsers(ResponseParserFactory):  # type: ignore[misc]  # botocore has no types
    """Registered as botocore's `response_parser_factory`, which is not a documented interface."""

    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            return LeanParser(**self._defaults)
        return super().create_parser(protocol_name)


def sdk_client(region: str, endpoint: str | None, workers: int, lean: bool) -> Any:
    session = botocore.session.get_session()
    if lean:
        session.register_component("response_parser_factory", _LeanParsers())
    config = Config(
        user_agent="smriti/1",  # fixed: botocore builds its own anew for every request
        parameter_validation=False,  # `rules` has validated
        max_pool_connections=workers,
        tcp_keepalive=True,
        connect_timeout=1,
        read_timeout=3,
        retries={"mode": "standard", "total_max_attempts": 3},
        endpoint_discovery_enabled=False,
        account_id_endpoint_mode="disabled",
        disable_request_compression=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    made = boto3.Session(botocore_session=session, region_name=region)
    return made.client("dynamodb", endpoint_url=endpoint, config=config)


def answer[T](call: Callable[..., Wire], request: Wire, read: Callable[[Wire], T]) -> T:
    with refusals():
        return read(call(**request))


@contextmanager
def refusals() -> Iterator[None]:
    """The SDK's exceptions in the port's words."""
    try:
        yield
    except ClientError as error:
        raise refusal(error.response) from None
    except (BotoCoreError, ResponseParserError) as error:
        raise TableUnavailable(f"DynamoDB does not answer: {error}") from error
