"""What went wrong with a Messages API server, and whether the same request may succeed later."""

from dataclasses import dataclass
from typing import Final

import anthropic
import httpx2

from smriti.core.errors import AppError
from smriti.llm.provider import ModelFailed
from smriti.llm.providers.failures import (
    ErrorInStream,
    Sentences,
    StreamBroken,
    seconds_until_retry,
)

_MAY_PASS: Final = {429, 500, 502, 503, 504, 529}


@dataclass(frozen=True)
class Failures(Sentences):
    """Turns failures of one endpoint into `ModelFailed`."""

    def of(self, error: Exception, model: str) -> ModelFailed:
        """The failure behind `error`, which happened while `model` was asked."""
        match error:
            case anthropic.APIStatusError():
                waiting_s = seconds_until_retry(error.response.headers)
                return self._of_status(error.status_code, said_by(error), model, waiting_s)
            case ErrorInStream():
                return self._of_status(error.code, error.message, model)
            case anthropic.APITimeoutError() | httpx2.TimeoutException():
                return ModelFailed(self.silent, transient=True)
            case anthropic.APIConnectionError() if not isinstance(error.__cause__, AppError):
                return ModelFailed(self.unreachable, transient=True)
            case _:
                return self._of_rest(error)

    def _of_status(
        self, status: int | None, message: str, model: str, waiting_s: float | None = None
    ) -> ModelFailed:
        what, check = (
            (f"model {model!r}", "the model's name, and the") if model else ("models", "the")
        )
        not_found = f"knows no {what} (404). Check {check} base URL."
        sentence = self.of_status(status, message, not_found=not_found)
        return ModelFailed(sentence, transient=status in _MAY_PASS, retry_after_s=waiting_s)

    def _of_rest(self, error: Exception) -> ModelFailed:
        # The SDK wraps whatever happens before an answer, also what the outbound client refuses.
        refused = error.__cause__ if isinstance(error, anthropic.APIConnectionError) else error
        if isinstance(refused, AppError):
            return ModelFailed(refused.detail)
        if isinstance(error, StreamBroken):
            return ModelFailed(f"{self.base_url} {error}")
        return ModelFailed(self.cut, transient=True)


def said_by(error: anthropic.APIStatusError) -> str:
    """The message in the answer's body, "" without one."""
    message = error.api_message
    return message if isinstance(message, str) else ""
