"""A server that is killed, or told to stop, in the middle of its work; clients that go away."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx2
import pytest

from tests.e2e.server import Caller, Event, Json, ServerProcess, event_of, frames, spoken
from tests.fakes.stub_model import StubModel
from tests.patience import PATIENCE_S

FACT = "[tool:core_memory_append|block=human|content=Name: Alice]"
OTHER_FACT = "[tool:core_memory_append|block=human|content=Likes tea]"
QUESTION = f"I am Alice {FACT} {OTHER_FACT} [ttft=600] [say:Hello Alice]"
SLOW = "Speak [tokens=30] [pause=4]"
CLIENTS = 50

type Killed = tuple[Caller, Json, list[Event], list[Event]]


def heard_until(owner: Caller, talk: Json, question: str, word: bytes) -> list[Event]:
    """What a client hears until this word comes; then it goes away."""
    heard = []
    with owner.asking(talk, question) as stream:
        for frame in stream:
            if frame.startswith(b"data: "):
                heard.append(event_of(frame))
            if word in frame:
                return heard
    raise AssertionError(heard)


def test_a_client_that_comes_back_hears_every_event_once(owner: Caller, stub: StubModel) -> None:
    owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    talk = owner.conversation(owner.agent(agent_name="Left", agent_provider="OpenAI"))

    heard = heard_until(owner, talk, "Slowly [tokens=9] [itl=60]", b"AGENT_RESPONSE_TO_USER")
    rest = owner.rest(talk, heard[-1])

    assert [e["seq"] for e in heard + rest] == [*range(1, len(heard + rest) + 1)]
    assert spoken(heard + rest) == owner.messages(talk)[-1]["content"]
    assert rest[-1]["event_type"] == "STREAM_COMPLETE"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, stub: StubModel) -> Iterator[Killed]:
    """A server that was killed in step 2 of 3 of one turn and in the text of another, and started
    again: its owner, the agent, and what was heard of the two."""
    data_dir = tmp_path_factory.mktemp("killed") / "data"
    with ServerProcess.running(data_dir, STREAM_KEEP_ALIVE_S="1") as server:
        with server.owner() as owner:
            agent = owner.stub_agent(stub.url)
            talks = [owner.conversation(agent) for _ in range(2)]
            slow = heard_until(owner, talks[1], SLOW, b"AGENT_RESPONSE_TO_USER")
            steps = heard_until(owner, talks[0], QUESTION, b"TOOL_CALL_RESULT")
            server.kill()
        server.restart()
        stub.until_asked(SLOW, 2)
        stub.resume()
        with server.owner() as owner:
            yield owner, {"agent": agent, "steps": talks[0], "slow": talks[1]}, steps, slow


def test_a_kill_loses_nothing_acknowledged(killed: Killed) -> None:
    owner, made, _, _ = killed

    lines = owner.lines(made["agent"])
    elsewhere = owner.ask(owner.conversation(made["agent"]), "Still there? [say:Yes.]")

    assert owner.get("/settings/providers/OpenAI")["is_configured"]
    assert lines[0] == "Name: Alice"
    assert owner.messages(made["steps"])[0]["content"] == QUESTION
    assert spoken(elsewhere) == "Yes."


def test_a_turn_that_a_kill_cut_off_goes_on_with_each_part_once(killed: Killed) -> None:
    owner, made, heard, _ = killed

    rest = owner.rest(made["steps"], heard[-1])
    _, answer = owner.messages(made["steps"])

    assert [e["event_type"] for e in rest] == [
        *("TURN_RESUMED", "MESSAGE_SAVED"),
        *["TOOL_CALL_START", "TOOL_CALL_RESULT"] * 2,
        *["AGENT_RESPONSE_TO_USER"] * (len(rest) - 7),
        "STREAM_COMPLETE",
    ]
    assert [e["seq"] for e in rest] == [*range(1_000_001, 1_000_001 + len(rest))]
    kinds = [part["type"] for part in answer["parts"]]
    assert kinds == [*["tool_call", "tool_result"] * 2, "text"]
    assert (answer["status"], answer["content"]) == ("complete", spoken(rest))
    assert spoken(rest) == "Hello Alice"
    assert owner.lines(made["agent"]) == ["Name: Alice", "Likes tea"]


def test_the_next_question_is_answered_after_the_turn_that_a_kill_cut_off(killed: Killed) -> None:
    owner, made, _, heard = killed

    again = owner.ask(made["slow"], "And here? [say:Here, too.]")
    rest = owner.rest(made["slow"], heard[-1])

    assert spoken(again) == "Here, too."
    assert [m["content"] for m in owner.messages(made["slow"])] == [
        *(SLOW, spoken(rest), "And here? [say:Here, too.]", "Here, too."),
    ]


def test_fifty_clients_at_once_are_answered_in_order_or_told_to_come_again(
    owner: Caller, stub: StubModel
) -> None:
    owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    talk = owner.conversation(owner.agent(agent_name="Busy", agent_provider="OpenAI"))
    path = f"/agents/{talk['agent_id']}/{talk['conversation_id']}/send-message"
    ready = Barrier(CLIENTS, timeout=PATIENCE_S)

    def asked(number: int) -> tuple[str, int, str]:
        question = f"{number} [say:You said {number}]"
        with httpx2.Client(base_url=owner.http.base_url, timeout=60, trust_env=False) as http:
            ready.wait()
            response = http.post(path, json={"content": question}, headers=owner.http.headers)
        events = [event_of(f) for f in frames(iter([response.content])) if f[:5] == b"data:"]
        return question, response.status_code, spoken(events) if events else ""

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(asked, range(CLIENTS)))
    contents = [message["content"] for message in owner.messages(talk)]

    answered = {question: said for question, status, said in answers if status == 200}
    assert {status for _, status, _ in answers} <= {200, 429}
    assert answered
    assert all(said == question.split("say:")[1][:-1] for question, said in answered.items())
    assert sorted(contents[::2]) == sorted(answered)
    assert contents[1::2] == [answered[question] for question in contents[::2]]


def test_a_stop_signal_lets_answers_finish(tmp_path: Path, stub: StubModel) -> None:
    with ServerProcess.running(tmp_path / "data") as server, server.owner() as owner:
        talk = owner.conversation(owner.stub_agent(stub.url))
        with owner.asking(talk, "Finish [tokens=10] [itl=80]") as stream:
            next(frame for frame in stream if b"AGENT_RESPONSE_TO_USER" in frame)
            server.interrupt()
            last = list(stream)[-1]
        code = server.wait()
        server.restart()
        with server.owner() as again:
            messages = again.messages(talk)

    assert event_of(last)["event_type"] == "STREAM_COMPLETE"
    assert code == 0
    assert [m["status"] for m in messages] == ["complete", "complete"]


def test_a_stop_signal_is_not_held_up_and_the_answer_goes_on_after_it(
    tmp_path: Path, stub: StubModel
) -> None:
    with ServerProcess.running(tmp_path / "data", SHUTDOWN_GRACE_S="1") as server:
        with server.owner() as owner:
            talk = owner.conversation(owner.stub_agent(stub.url))
            heard = heard_until(
                owner, talk, "Stay [tokens=40] [pause=4]", b"AGENT_RESPONSE_TO_USER"
            )
            server.interrupt()
            with ThreadPoolExecutor(1) as pool:
                code = pool.submit(server.wait).result(timeout=PATIENCE_S)
        server.restart()
        stub.until_asked("Stay", 2)
        stub.resume()
        with server.owner() as owner:
            rest = owner.rest(talk, heard[-1])
            messages = owner.messages(talk)

    assert code == 0
    assert (rest[0]["event_type"], rest[-1]["event_type"]) == ("TURN_RESUMED", "STREAM_COMPLETE")
    assert [m["status"] for m in messages] == ["complete", "complete"]
    assert messages[1]["content"] == spoken(rest)
