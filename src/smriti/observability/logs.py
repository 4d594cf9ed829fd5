"""Structured logs on standard error: one line an event, as text for people or as JSON.

`request_id` and `turn_id` travel in context variables
(`structlog.contextvars.bind_contextvars`), so every event of a request or a turn carries them.
"""

import json
import logging
import sys
from contextlib import suppress
from typing import Final, Literal

import orjson
import structlog
from structlog.processors import TimeStamper, add_log_level, format_exc_info
from structlog.typing import EventDict, WrappedLogger

from smriti.observability.redaction import redact

type LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
type LogFormat = Literal["text", "json"]

# At INFO these write addresses or how they were loaded, at DEBUG whole messages of users.
_TALKATIVE: Final = (
    "anthropic",
    "boto3",
    "botocore",
    "faiss.loader",
    "httpcore2",
    "httpx2",
    "openai",
    "stripe",
    "urllib3",
)
_UVICORN: Final = ("uvicorn", "uvicorn.error", "uvicorn.access")


def configure_logging(level: LogLevel, style: LogFormat) -> None:
    """Sends everything that is logged, by us or by a library, through one chain. Repeatable."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_log_level,
            TimeStamper(fmt="iso", utc=True),
            format_exc_info,
            redact,
            _as_json if style == "json" else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.setLevel(level)
    root.handlers = [other for other in root.handlers if not isinstance(other, _Forwarder)]
    root.addHandler(_Forwarder())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _UVICORN:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = name != "uvicorn.access"  # the middleware writes the access line


class _StandardError:
    """Looks `sys.stderr` up at each line, so that redirecting it works at any time.

    A line that cannot be written (a full disk, a reader that went away) is lost: work goes on.
    """

    def __init__(self, *_names: object) -> None:
        pass

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = msg


class _Forwarder(logging.Handler):
    """Hands the standard library's records to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        try:
            message = record.getMessage().rstrip()
        except (TypeError, ValueError):  # a library's faulty format string
            message = str(record.msg)
        structlog.get_logger().log(
            level, message, logger=record.name, exc_info=record.exc_info or None
        )


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    try:
        return orjson.dumps(event).decode()
    except TypeError:  # a lone surrogate, or a number of more than 64 bits
        return json.dumps(event)


def _as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    moment, level, name = event.pop("timestamp"), event.pop("level"), event.pop("event")
    exception = event.pop("exception", None)
    line = f"{moment} {level:<8} {_one_line(str(name))}"
    for field, value in event.items():
        if value is not None:
            line += f" {field}={_one_line(str(value))}"
    return f"{line}\n{exception}" if exception else line


def _one_line(text: str) -> str:
    """Nothing that a caller sends can start a line of its own, or move the cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
