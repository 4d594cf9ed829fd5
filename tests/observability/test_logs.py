"""Log lines as they are written."""

import errno
import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from smriti.observability.logs import configure_logging


@pytest.fixture(autouse=True)
def _quiet_afterwards() -> Iterator[None]:
    yield
    clear_contextvars()
    structlog.reset_defaults()
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if type(other).__name__ != "_Forwarder"]
    root.setLevel(logging.WARNING)


def _written(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_an_event_is_one_line_of_json_with_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    bind_contextvars(request_id="r1", user="ada@example.com", turn_id="t1")

    structlog.get_logger().info("turn.finished", tokens=812)

    line = json.loads(_written(capsys))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "turn.finished",
        "level": "info",
        "tokens": 812,
        "request_id": "r1",
        "user": "ada@example.com",
        "turn_id": "t1",
    }


def test_a_line_of_text_begins_with_time_level_and_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", "text")

    structlog.get_logger().warning("store.was_slow", seconds=2, key=None)

    assert _written(capsys).partition("Z ")[2] == "warning  store.was_slow seconds=2\n"


def test_nobody_can_forge_a_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "text")

    structlog.get_logger().info("agent.created", name="x\n2026 info forged \x1b[2J")

    assert _written(capsys).endswith(" name=x\\n2026 info forged \\x1b[2J\n")


def test_what_json_cannot_carry_is_still_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")

    structlog.get_logger().info("odd.seen", surrogate="\ud800", number=2**70)

    assert json.loads(_written(capsys))["number"] == 2**70


class _FullDisk(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_that_cannot_be_written_stops_no_work() -> None:
    configure_logging("INFO", "text")

    with redirect_stderr(_FullDisk()):
        structlog.get_logger().info("turn.finished")
        logging.getLogger("some.library").error("Broken")


def test_events_below_the_level_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("WARNING", "json")

    structlog.get_logger().info("turn.started")
    logging.getLogger("uvicorn.error").info("Started server process")

    assert not _written(capsys)


def test_a_library_record_goes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")

    logging.getLogger("uvicorn.error").info("Refused %s", "Bearer abcdefgh1234")

    line = json.loads(_written(capsys))
    assert line["event"] == "Refused Bearer ***"
    assert line["logger"] == "uvicorn.error"
    assert line["level"] == "info"


def test_a_library_record_with_a_faulty_format_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    forwarder = logging.getLogger().handlers[-1]

    forwarder.emit(logging.LogRecord("library", 40, "l.py", 1, "%d pages", ("many",), None))

    assert json.loads(_written(capsys))["event"] == "%d pages"


def test_a_traceback_is_logged_without_the_secret_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", "text")
    try:
        int("refused: sk-abcdefgh1234")
    except ValueError:
        structlog.get_logger().exception("request.crashed")
        logging.getLogger("library").exception("It broke")

    written = _written(capsys)
    assert written.count("Traceback (most recent call last)") == 2
    assert written.count("'refused: ***'") == 2
    assert "sk-abcdefgh1234" not in written


def test_configuring_twice_does_not_log_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "text")
    configure_logging("INFO", "text")

    logging.getLogger("library").info("once")

    assert _written(capsys).count("once") == 1


def test_talkative_libraries_and_the_second_access_line_stay_silent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("DEBUG", "text")

    logging.getLogger("httpx2").info("HTTP Request: GET")
    logging.getLogger("faiss.loader").info("Successfully loaded faiss.")
    logging.getLogger("openai").debug("Request options: %s", {"messages": ["private"]})
    logging.getLogger("uvicorn.access").info("127.0.0.1 GET /")

    assert not _written(capsys)
