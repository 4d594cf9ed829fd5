"""botocore's clients for Bedrock: one user's credentials, and nothing of this server's."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property
from typing import Any, Final

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials as AwsCredentials
from botocore.loaders import Loader, create_loader
from botocore.session import Session
from botocore.tokens import FrozenAuthToken

from smriti.llm.provider import Credentials
from smriti.llm.providers.bedrock_line import MAX_DOCUMENT_BYTES, Line
from smriti.llm.providers.bedrock_request import Wire
from smriti.llm.providers.bedrock_stream import Event
from smriti.llm.providers.failures import StreamBroken

_MAX_PROFILES: Final = 1_000
# Where botocore looks for the server's own settings: nowhere.
_NO_SETTINGS: Final = dict.fromkeys(("profile", "config_file", "credentials_file"), (None,) * 4)
_CALLED_OVER: Final[ContextVar[Line]] = ContextVar("line")


def host_of(service: str, region: str) -> str:
    return f"{service}.{region}.amazonaws.com"


class BedrockClient:
    """What Bedrock is asked, in calls that block: each belongs into a thread.

    `session`: who signs, where that is not the user of the credentials.
    """

    def __init__(self, credentials: Credentials, session: Session | None = None) -> None:
        self._region = credentials["region"]
        given = _Given(credentials)
        self._session = session or _session_of(given)
        self._config = Config(
            # Said here, because a token in the server's environment would win otherwise.
            signature_version="bearer" if given.has_token else "v4",
            user_agent="smriti/1",
            parameter_validation=False,  # walks through the whole prompt
            retries={"mode": "standard", "total_max_attempts": 1},
            endpoint_discovery_enabled=False,
            account_id_endpoint_mode="disabled",
            disable_request_compression=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self._runtime = self._client("bedrock-runtime")

    def converse(self, wire: Wire, line: Line) -> Iterator[Event]:
        """The reply's events: the next one blocks until it is there."""
        with _over(line):
            return iter(self._runtime.converse_stream(**wire)["stream"])

    def invoke(self, model: str, body: bytes, line: Line) -> bytes:
        """The answer to a request in the model's own form."""
        with _over(line):
            answer = self._runtime.invoke_model(
                modelId=model, body=body, contentType="application/json", accept="application/json"
            )
            document: bytes = answer["body"].read(MAX_DOCUMENT_BYTES + 1)
        if len(document) > MAX_DOCUMENT_BYTES:
            raise StreamBroken("sent an answer that is too long.")
        return document

    def models(self, line: Line) -> list[tuple[str, str]]:
        """Id and name of all that stream text: inference profiles, then models on demand."""
        with _over(line):
            found = self._control.list_foundation_models(byOutputModality="TEXT")
            ways = self._control.list_inference_profiles(maxResults=_MAX_PROFILES)
        streaming = {
            model["modelId"]: model
            for model in found["modelSummaries"]
            if model.get("responseStreamingSupported")
        }
        profiles = [
            (_profile_id(way), way["inferenceProfileName"])
            for way in ways["inferenceProfileSummaries"]
            if any(_model_id(model) in streaming for model in way["models"])
        ]
        return profiles + [
            (model_id, model.get("modelName", model_id))
            for model_id, model in streaming.items()
            if "ON_DEMAND" in model.get("inferenceTypesSupported", ())
        ]

    @cached_property
    def _control(self) -> Any:
        return self._client("bedrock")

    def _client(self, service: str) -> Any:
        client = self._session.create_client(
            service,
            region_name=self._region,
            endpoint_url=f"https://{host_of(service, self._region)}",
            config=self._config,
        )
        client.meta.events.register("before-send", _send)
        return client


class _Given:
    """What botocore may sign with. Asked instead of the environment, files and the machine."""

    def __init__(self, credentials: Credentials) -> None:
        self._token = credentials.get("api_key")
        self._key_id = credentials.get("aws_access_key_id")
        self._key = credentials.get("aws_secret_access_key")
        self._session_token = credentials.get("aws_session_token")

    @property
    def has_token(self) -> bool:
        return bool(self._token)

    def load_token(self, **_: object) -> FrozenAuthToken | None:
        return FrozenAuthToken(self._token) if self._token else None

    def load_credentials(self) -> AwsCredentials | None:
        if self._token:
            return None
        return AwsCredentials(self._key_id, self._key, self._session_token)


def _session_of(given: _Given) -> Session:
    session = Session(session_vars=_NO_SETTINGS)
    session.register_component("data_loader", _descriptions())
    session.register_component("credential_provider", given)
    session.register_component("token_provider", given)
    return session


@cache
def _descriptions() -> Loader:
    """What botocore knows of the services: 7 MB and 50 ms, once for all users."""
    return create_loader()


@contextmanager
def _over(line: Line) -> Iterator[None]:
    token = _CALLED_OVER.set(line)
    try:
        yield
    finally:
        _CALLED_OVER.reset(token)


def _send(request: Any, **_: object) -> AWSResponse:
    """botocore's hook for answering a request in the place of its own connections."""
    return _CALLED_OVER.get().send(request)


def _model_id(model: Event) -> str:
    return str(model.get("modelArn", "")).rpartition("/")[2]


def _profile_id(way: Event) -> str:
    """A profile that a user made is known by its ARN alone."""
    own = way.get("type") == "APPLICATION"
    return str(way["inferenceProfileArn" if own else "inferenceProfileId"])
