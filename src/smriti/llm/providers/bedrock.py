"""Amazon Bedrock's Converse, through boto3's core, whose calls block: each runs in a thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException
from typing import Final

from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from smriti.llm.provider import Credentials, ModelInfo, ProviderEvent, chosen_model
from smriti.llm.providers.bedrock_client import BedrockClient, host_of
from smriti.llm.providers.bedrock_errors import Failures
from smriti.llm.providers.bedrock_line import CONNECT_S, Line, Lines, OpenConnection, open_https
from smriti.llm.providers.bedrock_request import to_wire
from smriti.llm.providers.bedrock_stream import Event, ReplyReader
from smriti.llm.providers.failures import StreamBroken
from smriti.llm.types import ModelRequest

MAX_MODELS: Final = 1_000

# What botocore raises, and what urllib3 and the socket below it do while they are read.
_FAILURES: Final = (
    BotoCoreError,
    ClientError,
    ParserError,
    ResponseParserError,
    HTTPError,
    HTTPException,
    OSError,
    StreamBroken,
)


class BedrockProvider:
    """A connection with one user's credentials. Making it blocks, for the SDK's descriptions.

    One of the `threads` is taken for each event, and only once the event is asked for: who reads
    slowly leaves the rest in the network, and the thread to others.
    """

    def __init__(
        self,
        credentials: Credentials,
        threads: ThreadPoolExecutor,
        *,
        silence_s: float,
        open_connection: OpenConnection = open_https,
    ) -> None:
        region = credentials["region"]
        self._model = credentials.get("model", "")
        self._failures = Failures.with_secrets_of(credentials)
        self._client = BedrockClient(credentials)
        self._threads = threads
        self._wait_s = CONNECT_S + silence_s

        def lines(service: str) -> Lines:
            opened = partial(open_connection, host_of(service, region))
            return Lines(lambda: Line(opened(), silence_s=silence_s), threads)

        self._answers = lines("bedrock-runtime")
        self._listings = lines("bedrock")

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        model = chosen_model(request, self._model)
        reader = ReplyReader()
        begun = False
        try:
            async with self._answers.used() as line:
                events = await self._in_thread(partial(self._ask, request, model, line))
                while event := await self._in_thread(partial(next, events, None)):
                    for piece in reader.read(event):
                        begun = True
                        yield piece
            for piece in reader.end():
                yield piece
        except _FAILURES as error:
            # Not chained: the SDK's errors carry what the server said, which may be a key.
            raise self._failures.of(error, model, begun=begun) from None

    async def models(self) -> list[ModelInfo]:
        try:
            async with self._listings.used() as line:
                found = await self._in_thread(partial(self._client.models, line))
        except _FAILURES as error:
            raise self._failures.of(error, "", begun=False) from None
        return [
            ModelInfo(model_id=model_id, model_name=model_id, display_name=name, provider="Bedrock")
            for model_id, name in found[:MAX_MODELS]
        ]

    async def close(self) -> None:
        self._answers.close()
        self._listings.close()

    def _ask(self, request: ModelRequest, model: str, line: Line) -> Iterator[Event]:
        return self._client.converse(to_wire(request, model=model), line)

    async def _in_thread[T](self, call: Callable[[], T]) -> T:
        """Bounded also where no thread is free, or a name server does not answer."""
        async with asyncio.timeout(self._wait_s):
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
