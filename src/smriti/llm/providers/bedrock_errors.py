"""What went wrong with Bedrock, in a sentence for the person who asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from botocore.exceptions import ClientError
from urllib3.exceptions import NewConnectionError
from urllib3.exceptions import TimeoutError as NoAnswer

from smriti.llm.provider import Credentials, ModelFailed
from smriti.llm.providers.failures import Sentences, StreamBroken, seconds_until_retry, secrets_of

_SECRET: Final = ("api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token")

# Bedrock's exceptions by the HTTP status that says the same; what comes in a stream has none.
_STATUSES: Final = {
    "ThrottlingException": 429,
    "InternalServerException": 500,
    "ModelErrorException": 502,
    "ModelStreamErrorException": 502,
    "ModelNotReadyException": 503,
    "ServiceUnavailableException": 503,
    "ModelTimeoutException": 504,
    "ValidationException": 400,
}
_FINAL: Final = {"ModelErrorException"}  # the model cannot work on this request
_BAD_CREDENTIALS: Final = {
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
}


@dataclass(frozen=True)
class Failures(Sentences):
    """Turns failures of Bedrock in one region into `ModelFailed`."""

    @classmethod
    def with_secrets_of(cls, credentials: Credentials) -> Self:
        secrets: dict[str, str] = {name: credentials.get(name, "") for name in _SECRET}
        return cls(f"Amazon Bedrock in {credentials['region']}", secrets_of({}, secrets))

    def of(self, error: Exception, model: str, *, begun: bool) -> ModelFailed:
        """The failure behind `error`; `begun` when a part of the answer had come before it."""
        match error:
            case ClientError():
                return self._refusal(error.response, model)
            case StreamBroken():
                sentence = f"{self.base_url} {error}"
            case NewConnectionError():
                sentence = f"Could not connect to {self.base_url}. Is the region right?"
            case NoAnswer() | TimeoutError():
                sentence = self.silent
            case _:
                sentence = self.cut
        return ModelFailed(sentence, transient=not begun)

    def _refusal(self, response: Mapping[str, Mapping[str, object]], model: str) -> ModelFailed:
        told, about = response.get("Error", {}), response.get("ResponseMetadata", {})
        code = str(told.get("Code", ""))
        code = code[:1].upper() + code[1:]  # in a stream they begin with a small letter
        status = _STATUSES.get(code, about.get("HTTPStatusCode"))
        status = status if isinstance(status, int) else None
        message = str(told.get("Message", ""))
        if code in _BAD_CREDENTIALS:  # what such an answer says may repeat a key
            sentence = f"{self.base_url} refused the credentials. Check them in the settings."
        elif status == 403:
            sentence = (
                f"{self.base_url} denied access to {model!r} (403). Check the credentials, and "
                f"that their account may use this model.{self._quoted(message)}"
            )
        else:
            not_found = f"knows no model {model!r} (404). Check its name, and the region."
            sentence = self.of_status(status, message, not_found=not_found)
        headers = about.get("HTTPHeaders")
        return ModelFailed(
            sentence,
            transient=status is not None
            and (status == 429 or status >= 500)
            and code not in _FINAL,
            retry_after_s=seconds_until_retry(headers) if isinstance(headers, Mapping) else None,
        )
