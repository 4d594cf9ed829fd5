"""What went wrong with a chat-completions server, in a sentence for the person who asked."""

from dataclasses import dataclass
from typing import Final

import httpx2
import openai

from smriti.core.errors import AppError
from smriti.llm.provider import ModelFailed
from smriti.llm.providers.failures import (
    ErrorInStream,
    Sentences,
    StreamBroken,
    StreamCut,
    seconds_until_retry,
)

# The names of errors that may pass, as events inside a stream tell them without an HTTP status.
_PASSING_NAMES: Final = {
    *("overloaded", "overloaded_error", "rate_limit_error", "rate_limit_exceeded"),
    *("requests", "server_error", "service_unavailable", "timeout", "tokens"),
}
_USED_UP: Final = "insufficient_quota"


@dataclass(frozen=True)
class Failures(Sentences):
    """Turns failures of one endpoint into `ModelFailed`."""

    def of(self, error: Exception, model: str) -> ModelFailed:
        """The failure behind `error`, which happened while `model` was asked."""
        match error:
            case openai.APIStatusError():
                return self._of_answer(error, model)
            case ErrorInStream():
                told = self._of_status(error.code, error.message, model)
                return ModelFailed(told, transient=_may_pass(error.code, error.name))
            case StreamBroken():
                transient = isinstance(error, StreamCut)
                return ModelFailed(f"{self.base_url} {error}", transient=transient)
            case AppError():  # an address that the outbound client refuses
                return ModelFailed(error.detail)
            case _:
                return self._of_connection(error)

    def _of_answer(self, error: openai.APIStatusError, model: str) -> ModelFailed:
        used_up = _USED_UP in {error.code, error.type}
        return ModelFailed(
            self._of_status(error.status_code, _upstream_message(error), model),
            transient=_may_pass(error.status_code, _USED_UP if used_up else ""),
            retry_after_s=seconds_until_retry(error.response.headers),
        )

    def _of_connection(self, error: Exception) -> ModelFailed:
        match error:
            case openai.APITimeoutError() | httpx2.TimeoutException():
                told = self.silent
            case openai.APIConnectionError():
                told = self.unreachable
            case _:
                told = self.cut
        # The SDK wraps what goes wrong before an answer.
        cause = error.__cause__ or error
        hopeless = isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL)
        return ModelFailed(told, transient=not hopeless)

    def _of_status(self, status: int | None, message: str, model: str) -> str:
        what, check = (
            (f"model {model!r}", "the model's name, and the") if model else ("models", "the")
        )
        not_found = f"knows no {what} (404). Check {check} base URL: most end in /v1."
        return self.of_status(status, message, not_found=not_found)


def _may_pass(status: int | None, name: str) -> bool:
    if name == _USED_UP:
        return False
    if status is None:
        return name in _PASSING_NAMES
    return status in {408, 409, 429} or status >= 500


def _upstream_message(error: openai.APIStatusError) -> str:
    body = error.body
    if not isinstance(body, dict):
        return ""
    message = body.get("message") or body.get("detail")
    return message if isinstance(message, str) else ""
