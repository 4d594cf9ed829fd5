"""What is kept of a message that is too large to be read at once."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smriti.devices.protocol import CommandResults, Unreadable, read
from smriti.devices.shortening import RESULT_ROOM, shorten

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=50,
)


def _message(*results: Any) -> dict[str, Any]:
    return {
        "type": "command_results",
        "status": "continue",
        "prev_response_id": "r-1",
        "action_results": [
            {"status": "success", "error": None, "result": each, "call_id": "c-1"}
            for each in results
        ],
    }


def _result(value: Any) -> Any:
    """What becomes of it."""
    return shorten(_message(value))["action_results"][0]["result"]


@given(_JSON)
def test_what_is_short_stays_as_it_is(value: Any) -> None:
    assert shorten(_message(value)) == _message(value)


@settings(max_examples=30)
@given(st.lists(_JSON, max_size=5))
def test_whatever_comes_little_is_kept(values: list[Any]) -> None:
    short = shorten(_message(*([value] * 5000 for value in values)))

    assert len(json.dumps(short, ensure_ascii=False)) < 8 * RESULT_ROOM * (len(values) + 1)


def test_long_texts_leave_room_for_what_comes_after_them() -> None:
    short = _result({"stdout": "x" * 10**6, "stderr": "y" * 10**6, "exit_code": 1})

    assert list(short) == ["stdout", "stderr", "exit_code"]
    assert short["exit_code"] == 1
    assert short["stdout"].endswith("… (cut)")
    assert len(short["stdout"]) > len(short["stderr"]) > 1000


def test_long_lists_and_objects_say_that_they_were_cut() -> None:
    assert _result([{"a": number} for number in range(10**5)])[-1] == "… (cut)"
    assert "… (cut)" in _result({str(number): number for number in range(10**5)})


def test_what_is_too_deep_is_cut() -> None:
    deep: Any = "deep"
    for _ in range(500):
        deep = [deep]

    assert "… (cut)" in str(_result(deep))


def test_a_result_that_was_cut_is_still_a_message() -> None:
    read_again = read(orjson.dumps(shorten(_message(["x" * 10**6] * 3, {"a": "b" * 10**6}))))

    assert isinstance(read_again, CommandResults)
    assert [each.call_id for each in read_again.action_results] == ["c-1", "c-1"]


def test_a_request_that_is_too_long_does_not_become_one_that_is_not() -> None:
    task = {"type": "task", "status": "ok", "session_id": "t-1", "request": "x" * 10**6}

    with pytest.raises(Unreadable) as refused:
        read(orjson.dumps(shorten(task)))

    assert refused.value.task_session_id == "t-1"


@pytest.mark.parametrize("message", [None, 5, [], {"action_results": 5}, {"action_results": [5]}])
def test_nonsense_stays_nonsense(message: Any) -> None:
    with pytest.raises(Unreadable):
        read(orjson.dumps(shorten(message)))
