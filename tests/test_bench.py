"""What the benchmarks compute, and the stub that they talk to."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from corpus import Corpus
from figures import Part, Row, differences, quantile, quiet, shown, table
from smriti.retrieval.text import stems_of, terms
from stub_model import PLAIN, Manner, Plan
from targets import OPENAI, SMRITI, Dialect, Reading, Turn

_BENCH = Path(__file__).parents[1] / "bench"


def _asked(text: str, *later: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}, *later]}


def _row(**samples: list[float]) -> Row:
    return Row("turn", "ms", samples)


def test_a_ratio_is_the_median_of_pairs_not_the_ratio_of_medians() -> None:
    row = _row(relay=[1, 10, 100], smriti=[2, 10, 400])

    assert row.ratio("smriti") == 2
    assert row.ratio("relay") is None


def test_where_the_first_target_has_nothing_there_is_no_ratio() -> None:
    assert _row(relay=[0, 0], smriti=[1, 2]).ratio("smriti") is None


def test_a_quantile_lies_between_its_neighbours() -> None:
    quantiles = [quantile([4, 1, 2, 3], share) for share in (0, 0.5, 0.95, 1)]

    assert quantiles == pytest.approx([1, 2.5, 3.85, 4])


def test_differences_are_of_pairs() -> None:
    assert differences([3, 5], [1, 1]) == [2, 4]


@pytest.mark.parametrize(
    ("loads", "kept"),
    [
        ([0.1, 0.9, 0.2, 0.1], [0, 2, 3]),
        ([0.9, 0.5, 0.7, 0.8], [1, 2]),
        ([0.9], [0]),
    ],
)
def test_noisy_rounds_are_left_out_but_never_more_than_half(
    loads: list[float], kept: list[int]
) -> None:
    assert quiet(loads, 0.25) == kept


def test_figures_have_three_digits() -> None:
    assert [shown(value) for value in (0.1234, 12.34, 1234.5, -0.5, None)] == [
        "0.12",
        "12.3",
        "1234",
        "-0.50",
        "\N{EN DASH}",
    ]


def test_a_table_shows_medians_and_ratios() -> None:
    part = Part("load", "Many turns", [_row(relay=[1, 2, 3], smriti=[3, 6, 9])], ["Kept all."])

    assert table(part).splitlines() == [
        "Many turns",
        "",
        "          relay        smriti",
        "turn, ms   2.00  6.00 (×3.00)",  # noqa: RUF001 - the sign of times
        "",
        "Kept all.",
    ]


def test_the_stub_answers_in_its_manner() -> None:
    plan = Plan.of(_asked("Hello"), Manner(tokens=3, ttft=50, itl=5))

    assert plan == Plan(words=["the", " stub", " answers"], first_s=0.05, between_s=0.005)


def test_directives_win_over_the_manner() -> None:
    plan = Plan.of(_asked("[tokens=2] [ttft=9] [itl=1] [reason=4] [abort]"), PLAIN)

    assert plan == Plan(
        words=["the", " stub"], first_s=0.009, between_s=0.001, reasons=4, aborts=True
    )


def test_tools_are_called_one_after_another_then_comes_the_answer() -> None:
    question = "[tool:note|text=tea|line=2] [tool:look] [say:Done it]"
    called = {"role": "assistant", "tool_calls": [{}]}

    plans = [Plan.of(_asked(question, *[called] * done), PLAIN) for done in range(3)]

    assert [plan.calls for plan in plans] == [
        [{"name": "note", "arguments": '{"text":"tea","line":2}'}],
        [{"name": "look", "arguments": "{}"}],
        (),
    ]
    assert plans[-1].words == ["Done", " it"]


def test_tools_are_called_together_when_the_question_says_so() -> None:
    plan = Plan.of(_asked("[par] [tool:note] [tool:look]"), PLAIN)

    assert [call["name"] for call in plan.calls] == ["note", "look"]


def test_only_the_newest_question_directs_the_stub() -> None:
    before = {"role": "user", "content": "[fail=503]"}
    request = {"messages": [before, {"role": "user", "content": "<time>[fail=500]</time>Hi"}]}

    assert Plan.of(request, PLAIN).status == 200


@pytest.mark.parametrize(
    ("dialect", "stream"),
    [
        (
            OPENAI,
            b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
            b'data: {"choices":[{"delta":{"content": "a"}}]}\n\n'
            b'data: {"choices":[{"delta":{"content":"b"}}]}\n\ndata: [DONE]\n\n',
        ),
        (
            SMRITI,
            b'data: {"event_type":"MESSAGE_SAVED","content":""}\n\n'
            b'data: {"event_type":"AGENT_RESPONSE_TO_USER","content":"a"}\n\n'
            b'data: {"event_type":"AGENT_RESPONSE_TO_USER","content":"b"}\n\n'
            b'data: {"event_type":"STREAM_COMPLETE","content":""}\n\n',
        ),
    ],
)
def test_tokens_are_found_wherever_the_stream_is_cut(dialect: Dialect, stream: bytes) -> None:
    reading = Reading(dialect, Turn())

    for number in range(len(stream)):
        reading.take(stream[number : number + 1], number + 1.0)

    assert reading.complete
    assert (reading.turn.first_byte, reading.turn.tokens) == (1.0, 2)


def test_a_stream_that_tells_a_failure_is_not_complete() -> None:
    reading = Reading(OPENAI, Turn())

    reading.take(b'data: {"choices":[{"delta":{"content":"a"}}]}\n', 1)
    reading.take(b'data: {"error":{"message":"no"}}\n\ndata: [DONE]\n\n', 2)

    assert not reading.complete


def test_the_store_is_measured(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(_BENCH / "table.py"), "--quick"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    measured = [line.split("  ")[0] for line in ran.stdout.splitlines()[1:]]
    assert measured == [
        f"{operation}, {engine}"
        for operation in ("get", "query of 20", "put if absent", "update", "plain turn")
        for engine in ("memory", "file")
    ]


def test_searching_is_measured(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(_BENCH / "retrieval.py"), "--quick", "--vectors", "64"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    table, _, yardstick = ran.stdout.partition("\n\n")
    header, *lines = table.splitlines()
    assert header.split("  ")[0] == "2,000 memories"
    assert yardstick.startswith("This machine takes ")
    assert [line.split("  ")[0] for line in lines] == [
        "put, p50 ms",
        "put, p95 ms",
        "search, p50 ms",
        "search, p95 ms",
        "build, s",
        "different stems",
        "save, s",
        "file, MiB",
        "memory after the build, MiB",
        "load, s",
        "memory, MiB",
        "memory as the index tells it, MiB",
    ]


def test_generated_texts_have_their_words_as_often_as_english() -> None:
    corpus = Corpus()
    documents = list(corpus.documents(3000))
    stems = Counter(
        stem for each in documents for stem in stems_of([terms(each.text.split())[0]])[0].tolist()
    )
    usual = sum(count for _, count in stems.most_common(100)) / stems.total()

    assert len(stems) > 10_000
    assert 0.1 < usual < 0.3
    assert list(Corpus().documents(3000)) == documents
