"""What went wrong with a chat-completions server, in a sentence for the person who asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx2
import openai

from smriti.core.errors import AppError
from smriti.llm.provider import ModelFailed
from smriti.llm.providers.openai_stream import ErrorInStream, StreamBroken

_MAX_QUOTE: Final = 200
_LIKE_A_KEY: Final = re.compile(r"(?i)\bbearer\s+\S+|\bsk-[\w*.-]+")


@dataclass(frozen=True)
class Failures:
    """Turns failures of one endpoint into `ModelFailed`, without a word of its credentials."""

    base_url: str
    secrets: tuple[str, ...] = field(repr=False)

    def of(self, error: Exception, model: str) -> ModelFailed:
        """The failure behind `error`, which happened while `model` was asked."""
        match error:
            case openai.APIStatusError():
                sentence = self._of_status(error.status_code, _upstream_message(error), model)
            case ErrorInStream():
                sentence = self._of_status(error.code, error.message, model)
            case StreamBroken():
                sentence = f"{self.base_url} {error}"
            case AppError():  # an address that the outbound client refuses
                sentence = error.detail
            case openai.APITimeoutError() | httpx2.TimeoutException():
                sentence = f"{self.base_url} did not answer in time."
            case openai.APIConnectionError():
                sentence = (
                    f"Could not connect to {self.base_url}. Is the server running, and is this "
                    "its address?"
                )
            case _:
                sentence = f"The connection to {self.base_url} broke off."
        return ModelFailed(sentence)

    def _of_status(self, status: int | None, message: str, model: str) -> str:
        quoted = self._quoted(message)
        match status:
            case 401 | 403:  # what such an answer says may repeat the key
                told = f"refused the API key ({status}). Check it in the settings."
            case 404:
                told = (
                    f"knows no model {model!r} (404). Check the model's name, and the base URL: "
                    "most end in /v1."
                )
            case 429:
                told = (
                    "takes no more requests for now (429): too many came, or the account is "
                    f"used up.{quoted}"
                )
            case int() if status >= 500:
                told = f"failed ({status}). Try again in a while.{quoted}"
            case int():
                told = f"refused the request ({status}).{quoted}"
            case _:
                told = f"reported an error.{quoted}"
        return f"{self.base_url} {told}"

    def _quoted(self, message: str) -> str:
        """At most 200 characters of what the server said, on one line, without secrets."""
        for secret in self.secrets:
            message = message.replace(secret, "[…]")
        line = " ".join(_LIKE_A_KEY.sub("[…]", message).split())
        if not line:
            return ""
        return f" It said: {line[:_MAX_QUOTE]}"


def secrets_of(credentials: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must never be repeated, longest first, so that no part of one stays."""
    values = {credentials.get("api_key", ""), *headers.values()}
    values |= {word for value in values for word in value.split()}
    return tuple(sorted((value for value in values if len(value) > 3), key=len, reverse=True))


def _upstream_message(error: openai.APIStatusError) -> str:
    body = error.body
    if not isinstance(body, dict):
        return ""
    message = body.get("message") or body.get("detail")
    return message if isinstance(message, str) else ""
