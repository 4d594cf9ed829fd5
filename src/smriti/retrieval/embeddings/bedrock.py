"""Amazon Bedrock's Titan and Cohere, through boto3's core, whose calls block."""

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException
from threading import Lock
from typing import Final

import numpy as np
import orjson
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError
from botocore.session import Session
from urllib3.exceptions import HTTPError

from smriti.llm.providers.bedrock_client import BedrockClient, host_of
from smriti.llm.providers.bedrock_errors import Failures
from smriti.llm.providers.bedrock_line import CONNECT_S, Line, Lines, OpenConnection, open_https
from smriti.llm.providers.failures import StreamBroken
from smriti.retrieval.embeddings.bedrock_models import Family, family_of
from smriti.retrieval.embeddings.port import EmbeddingFailed, TextsTooLong, Vectors
from smriti.retrieval.embeddings.source import Limits

SILENCE_S: Final = 30.0
_THREADS: Final = 8
_TOO_LONG: Final = re.compile(r"(?i)\btokens\b|too long|maxlength")

# What botocore raises, and what urllib3 and the socket below it do while they are read.
_FAILURES: Final = (
    BotoCoreError,
    ClientError,
    ResponseParserError,
    HTTPError,
    HTTPException,
    OSError,
    StreamBroken,
)


class BedrockSource:
    """Signs with the API key, or else with what AWS's chain finds on this machine.

    `ConfigurationError` when the model is not known, or has no such dimensions.
    """

    def __init__(
        self,
        *,
        model: str,
        dimensions: int | None,
        region: str,
        api_key: str,
        open_connection: OpenConnection = open_https,
    ) -> None:
        self._family: Family = family_of(model, dimensions)
        self.model = f"bedrock/{model}/{self._family.dimensions}"
        self._named = model
        self._credentials = {"region": region, "api_key": api_key}
        self._failures = Failures.with_secrets_of(self._credentials)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="smriti-embeddings")
        opened = partial(open_connection, host_of("bedrock-runtime", region))
        self._lines = Lines(lambda: Line(opened(), silence_s=SILENCE_S), self._threads)
        self._client: BedrockClient | None = None
        self._lock = Lock()

    @property
    def dimensions(self) -> int:
        return self._family.dimensions

    @property
    def limits(self) -> Limits:
        return self._family.limits

    async def vectors(self, texts: Sequence[str], *, query: bool) -> Vectors:
        body = orjson.dumps(self._family.request(texts, query=query))
        try:
            async with asyncio.timeout(CONNECT_S + SILENCE_S), self._lines.used() as line:
                ask = partial(self._ask, body, line)
                return await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except _FAILURES as error:
            # Not chained: the SDK's errors carry what the server said, which may be a key.
            raise self._failure(error) from None

    async def close(self) -> None:
        self._lines.close()
        self._threads.shutdown(wait=False)

    def _ask(self, body: bytes, line: Line) -> Vectors:
        answer = self._connected().invoke(self._named, body, line)
        try:
            return np.array(self._family.rows(orjson.loads(answer)), np.float32)
        except (ValueError, KeyError, TypeError) as error:
            raise StreamBroken("sent something that is not a list of vectors.") from error

    def _connected(self) -> BedrockClient:
        """Made in a thread: the chain may ask the network who this machine is."""
        with self._lock:
            if self._client is None:
                session = None if self._credentials["api_key"] else Session()
                self._client = BedrockClient(self._credentials, session)
            return self._client

    def _failure(self, error: Exception) -> EmbeddingFailed:
        if isinstance(error, NoCredentialsError):
            return EmbeddingFailed(
                "EMBEDDINGS=bedrock finds no AWS credentials. Set AWS_BEARER_TOKEN_BEDROCK, or "
                "give this machine a role."
            )
        told = self._failures.of(error, self._named, begun=False)
        if isinstance(error, ClientError) and _TOO_LONG.search(str(error)):
            return TextsTooLong(told.detail)
        return EmbeddingFailed(
            told.detail, transient=told.transient, retry_after_s=told.retry_after_s
        )
