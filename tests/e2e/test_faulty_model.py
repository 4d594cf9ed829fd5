"""Answers over HTTP from a model that fails in every way: each ends, and the next one is good."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Caller, Json, ServerProcess, results, spoken
from tests.fakes.faulty_model import (
    Fault,
    FaultyModel,
    cut,
    garbage,
    silence,
    stall,
    status,
    tool_calls,
    web_page,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with little patience for a silent model."""
    data_dir: Path = tmp_path_factory.mktemp("impatient") / "data"
    with ServerProcess.running(data_dir, MODEL_TIMEOUT_S="5") as running:
        yield running
        assert "Traceback" not in running.log


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Iterator[Caller]:
    with server.owner() as caller:
        yield caller


@pytest.fixture(scope="module")
def model() -> Iterator[FaultyModel]:
    with FaultyModel().running() as running:
        yield running


@pytest.fixture
def agent(owner: Caller, model: FaultyModel, request: pytest.FixtureRequest) -> Json:
    """An agent of the test's own."""
    owner.post("/settings/providers/OpenAI", {"base_url": model.url, "model": "stub"})
    return owner.agent(agent_name=request.node.name[:100], agent_provider="OpenAI")


@pytest.fixture
def talk(owner: Caller, agent: Json) -> Json:
    return owner.conversation(agent)


def answers_the_next_message(owner: Caller, model: FaultyModel, talk: Json) -> bool:
    model.script()
    events = owner.ask(talk, "And now? [say:All is well.]")
    return (spoken(events), events[-1]["event_type"]) == ("All is well.", "STREAM_COMPLETE")


@pytest.mark.parametrize(
    "faults",
    [
        (status(503),),
        (status(503), status(502)),
        (status(429),),
        (status(429, retry_after="1"),),
    ],
    ids=["503", "503-502", "429", "429-retry-after"],
)
def test_what_passes_is_overcome(
    owner: Caller, model: FaultyModel, talk: Json, faults: tuple[Fault, ...]
) -> None:
    asked_before = len(model.questions)
    model.script(*faults)

    events = owner.ask(talk, "Go on [say:Here I am.]")

    assert (spoken(events), events[-1]["event_type"]) == ("Here I am.", "STREAM_COMPLETE")
    assert len(model.questions) - asked_before == len(faults) + 1
    assert answers_the_next_message(owner, model, talk)


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ((status(503),) * 4, "failed (503)"),
        ((status(429, retry_after="3600"),) * 4, "takes no more requests for now (429)"),
        ((status(400),), "refused the request (400)"),
        ((web_page,), "did not answer with a chat reply"),
    ],
    ids=["503-for-ever", "429-for-an-hour", "400", "web-page"],
)
def test_what_does_not_pass_is_told(
    owner: Caller, model: FaultyModel, talk: Json, faults: tuple[Fault, ...], told: str
) -> None:
    model.script(*faults)

    events = owner.ask(talk, "Go on")

    assert events[-1]["event_type"] == "ERROR"
    assert told in events[-1]["content"]
    assert [message["role"] for message in owner.messages(talk)] == ["user"]
    assert answers_the_next_message(owner, model, talk)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (cut, "broke off"),
        (stall, "did not answer in time"),
        (garbage, "sent something that is not a chat reply"),
    ],
    ids=["cut", "stall", "garbage"],
)
def test_an_answer_that_breaks_off_is_kept_and_not_asked_for_again(
    owner: Caller, model: FaultyModel, talk: Json, fault: Fault, told: str
) -> None:
    asked_before = len(model.questions)
    model.script(fault)

    events = owner.ask(talk, "Tell me a story")

    assert (spoken(events), events[-1]["event_type"]) == ("Once", "ERROR")
    assert told in events[-1]["content"]
    assert len(model.questions) - asked_before == 1
    assert [(m["content"], m["status"]) for m in owner.messages(talk)] == [
        ("Tell me a story", "complete"),
        ("Once", "failed"),
    ]
    assert answers_the_next_message(owner, model, talk)


def test_a_silent_model_is_not_waited_for_without_end(
    owner: Caller, model: FaultyModel, talk: Json
) -> None:
    model.script(silence)

    events = owner.ask(talk, "Are you there?")

    assert events[-1]["event_type"] in {"ERROR", "STREAM_COMPLETE"}
    assert answers_the_next_message(owner, model, talk)


def test_an_unknown_tool_is_answered_and_the_model_goes_on(
    owner: Caller, model: FaultyModel, talk: Json
) -> None:
    model.script(tool_calls({"name": "launch_rocket", "arguments": {}}))

    events = owner.ask(talk, "Launch [say:I cannot.]")

    assert "There is no tool 'launch_rocket'" in results(events)[0]
    assert (spoken(events), events[-1]["event_type"]) == ("I cannot.", "STREAM_COMPLETE")
    assert answers_the_next_message(owner, model, talk)


def test_of_two_hundred_calls_at_once_some_run_and_all_are_answered(
    owner: Caller, model: FaultyModel, agent: Json, talk: Json
) -> None:
    facts = [f"Fact {n}" for n in range(200)]
    model.script(
        tool_calls(
            *(
                {"name": "core_memory_append", "arguments": {"block": "human", "content": fact}}
                for fact in facts
            )
        )
    )

    events = owner.ask(talk, "Remember all [say:Noted.]")

    answered = results(events)
    refused = [text for text in answered if text.startswith("Not run")]
    assert (len(answered), len(refused)) == (200, 168)
    assert sorted(owner.lines(agent)) == sorted(facts[:32])
    assert (spoken(events), events[-1]["event_type"]) == ("Noted.", "STREAM_COMPLETE")
    assert answers_the_next_message(owner, model, talk)
