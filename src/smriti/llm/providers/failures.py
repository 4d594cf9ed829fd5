"""What goes wrong with a model server, in sentences that hold none of its user's secrets."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import isfinite, nan
from typing import Final

import anyio
import httpx2

from smriti.core.clock import utc_now
from smriti.core.errors import AppError
from smriti.llm.provider import QUOTE

_MAX_QUOTE: Final = 200
_LIKE_A_KEY: Final = re.compile(r"(?i)\bbearer\s+\S+|\bsk-[\w*.-]+")


class StreamBroken(Exception):
    """The stream is not one, or ended too early; the text completes "{base URL} …"."""


class StreamCut(StreamBroken):
    """The stream was one, and ended in the middle."""


class ErrorInStream(Exception):
    """The server reported an error after it had begun to answer with 200.

    `code` is an HTTP status, if it told one; `name` is what it calls such errors.
    """

    def __init__(self, message: str, code: int | None, name: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.name = name


FAILURES: Final = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    OSError,
    anyio.EndOfStream,  # of a TLS connection that was cut
    AppError,
    StreamBroken,
    ErrorInStream,
)
"""What sending and reading raise, an SDK's own errors apart."""


@dataclass(frozen=True)
class Sentences:
    """Says what an endpoint did, without a word of its user's credentials."""

    base_url: str
    secrets: tuple[str, ...] = field(repr=False)

    def of_status(self, status: int | None, message: str, *, not_found: str) -> str:
        """The sentence for an HTTP status; `not_found` is what a 404 means here."""
        quoted = self._quoted(message)
        match status:
            case 401 | 403:  # what such an answer says may repeat the key
                told = f"refused the API key ({status}). Check it in the settings."
            case 404:
                told = not_found
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

    @property
    def unreachable(self) -> str:
        return (
            f"Could not connect to {self.base_url}. Is the server running, and is this its address?"
        )

    @property
    def silent(self) -> str:
        return f"{self.base_url} did not answer in time."

    @property
    def cut(self) -> str:
        return f"The connection to {self.base_url} broke off."

    def _quoted(self, message: str) -> str:
        """At most 200 characters of what the server said, on one line, without secrets."""
        for secret in self.secrets:
            message = message.replace(secret, "[…]")
        line = " ".join(_LIKE_A_KEY.sub("[…]", message).split())
        if not line:
            return ""
        return f"{QUOTE}{line[:_MAX_QUOTE]}"


def secrets_of(credentials: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must never be repeated, longest first, so that no part of one stays."""
    values = {credentials.get("api_key", ""), *headers.values()}
    values |= {word for value in values for word in value.split()}
    return tuple(sorted((value for value in values if len(value) > 3), key=len, reverse=True))


def seconds_until_retry(headers: Mapping[str, str]) -> float | None:
    """What `Retry-After` asks to wait: seconds or a date. None without one, and for nonsense.

    OpenAI also sends `Retry-After-Ms`, which is more exact.
    """
    text = headers.get("retry-after", "")
    asked = (_number(headers.get("retry-after-ms", "")) / 1000, _number(text), _seconds_until(text))
    return next((max(seconds, 0.0) for seconds in asked if isfinite(seconds)), None)


def _number(text: str) -> float:
    with suppress(ValueError):
        return float(text)
    return nan


def _seconds_until(date: str) -> float:
    with suppress(ValueError, TypeError, OverflowError):  # TypeError: a date without its zone
        return (parsedate_to_datetime(date) - utc_now()).total_seconds()
    return nan
