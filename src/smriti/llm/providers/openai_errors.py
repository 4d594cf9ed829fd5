"""What went wrong with a chat-completions server, in a sentence for the person who asked."""

from dataclasses import dataclass

import httpx2
import openai

from smriti.core.errors import AppError
from smriti.llm.provider import ModelFailed
from smriti.llm.providers.failures import ErrorInStream, Sentences, StreamBroken


@dataclass(frozen=True)
class Failures(Sentences):
    """Turns failures of one endpoint into `ModelFailed`."""

    def of(self, error: Exception, model: str) -> ModelFailed:
        """The failure behind `error`, which happened while `model` was asked."""
        not_found = (
            f"knows no model {model!r} (404). Check the model's name, and the base URL: "
            "most end in /v1."
        )
        match error:
            case openai.APIStatusError():
                sentence = self.of_status(
                    error.status_code, _upstream_message(error), not_found=not_found
                )
            case ErrorInStream():
                sentence = self.of_status(error.code, error.message, not_found=not_found)
            case StreamBroken():
                sentence = f"{self.base_url} {error}"
            case AppError():  # an address that the outbound client refuses
                sentence = error.detail
            case openai.APITimeoutError() | httpx2.TimeoutException():
                sentence = self.silent
            case openai.APIConnectionError():
                sentence = self.unreachable
            case _:
                sentence = self.cut
        return ModelFailed(sentence)


def _upstream_message(error: openai.APIStatusError) -> str:
    body = error.body
    if not isinstance(body, dict):
        return ""
    message = body.get("message") or body.get("detail")
    return message if isinstance(message, str) else ""
