"""Answers over HTTP, with a model that is a server of its own."""

from pathlib import Path

from tests.e2e.conftest import KEEP_ALIVE_S
from tests.e2e.server import Caller, ServerProcess, event_of, results, spoken
from tests.fakes.stub_model import StubModel

LINES = ["Name: Alice", "Works at: Google"]
QUESTION = (
    "My name is Alice and I work at Google"
    " [tool:core_memory_append|block=human|content=Name: Alice]"
    " [tool:core_memory_append|block=human|content=Works at: Google]"
    " [say:Nice to meet you, Alice! I'll remember that you work at Google.]"
)
READ = "Who am I? [tool:core_memory_read|block=human] [say:Alice, of Google.]"
CORE = "[human] Core Memory (2 lines, 5/5000 words):\n1: Name: Alice\n2: Works at: Google"


def test_alice_is_known_in_another_conversation_and_after_a_restart(
    tmp_path: Path, stub: StubModel
) -> None:
    with ServerProcess.running(tmp_path / "data") as server:
        with server.owner() as owner:
            agent = owner.stub_agent(stub.url)
            first = owner.ask(owner.conversation(agent), QUESTION)
            second = owner.ask(owner.conversation(agent), READ)
        server.interrupt()
        assert server.wait() == 0
        server.restart()
        with server.owner() as owner:
            third = owner.ask(owner.conversation(agent), READ)
            lines = owner.lines(agent)

    assert results(first) == [
        'Appended to [human] at line 1: "Name: Alice" (2/5000 words)',
        'Appended to [human] at line 2: "Works at: Google" (5/5000 words)',
    ]
    assert spoken(first) == "Nice to meet you, Alice! I'll remember that you work at Google."
    assert results(second) == results(third) == [CORE]
    assert spoken(third) == "Alice, of Google."
    assert lines == LINES
    assert "1: Name: Alice\n2: Works at: Google" in stub.questions[-1]["messages"][0]["content"]


def test_an_answer_is_streamed_as_it_is_made(owner: Caller, stub: StubModel) -> None:
    owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    talk = owner.conversation(owner.agent(agent_name="Streams", agent_provider="OpenAI"))

    raw = []
    with owner.asking(talk, "Slowly [tokens=10] [pause=3]") as stream:
        for frame in stream:
            raw.append(frame)
            if b"answers" in frame:  # the model says no more before this was heard
                stub.resume()

    assert event_of(raw[-1])["event_type"] == "STREAM_COMPLETE"
    assert all(frame.startswith((b"data: {", b":")) for frame in raw)
    assert not any(b"\n" in frame or b"\r" in frame for frame in raw)


def test_a_silent_model_is_bridged_by_comments(owner: Caller, stub: StubModel) -> None:
    owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    talk = owner.conversation(owner.agent(agent_name="Thinks long", agent_provider="OpenAI"))
    silence_s = 15 * KEEP_ALIVE_S

    with owner.asking(talk, f"Think [ttft={silence_s * 1000:.0f}]") as stream:
        raw = list(stream)

    first = next(n for n, frame in enumerate(raw) if b"AGENT_RESPONSE_TO_USER" in frame)
    comments = [n for n, frame in enumerate(raw) if frame == b": keep-alive"]
    assert sum(comment < first for comment in comments) >= 3


def test_leaving_the_stream_does_not_stop_the_turn(owner: Caller, stub: StubModel) -> None:
    owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    talk = owner.conversation(owner.agent(agent_name="Left alone", agent_provider="OpenAI"))
    with owner.asking(talk, "Go on [tokens=4] [itl=100]") as stream:
        next(frame for frame in stream if b"AGENT_RESPONSE_TO_USER" in frame)

    # The next question waits for the answer before it.
    owner.ask(talk, "And now? [say:Done.]")

    assert [(m["role"], m["content"], m["status"]) for m in owner.messages(talk)] == [
        ("user", "Go on [tokens=4] [itl=100]", "complete"),
        ("assistant", "the stub answers with", "complete"),
        ("user", "And now? [say:Done.]", "complete"),
        ("assistant", "Done.", "complete"),
    ]


def test_a_failing_model_ends_the_stream_with_an_error(owner: Caller, stub: StubModel) -> None:
    owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    talk = owner.conversation(owner.agent(agent_name="Fails", agent_provider="OpenAI"))

    events = owner.ask(talk, "Break [tokens=8] [abort]")

    assert events[-1]["event_type"] == "ERROR"
    assert spoken(events) == "the stub answers with"
    assert [(m["role"], m["status"]) for m in owner.messages(talk)] == [
        ("user", "complete"),
        ("assistant", "failed"),
    ]
