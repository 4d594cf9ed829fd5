"""A server that is killed, or told to stop, in the middle of its work."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.server import ServerProcess, event_of, spoken
from tests.fakes.stub_model import StubModel

FACT = "[tool:core_memory_append|block=human|content=Name: Alice]"


def test_a_kill_in_the_middle_of_a_turn_loses_nothing_acknowledged(
    tmp_path: Path, stub: StubModel
) -> None:
    question = f"I am Alice {FACT} [tokens=400] [itl=50]"
    with ServerProcess.running(tmp_path / "data") as server:
        with server.owner() as owner:
            agent = owner.stub_agent(stub.url)
            talk = owner.conversation(agent)
            with owner.asking(talk, question) as stream:
                next(frame for frame in stream if b"AGENT_RESPONSE_TO_USER" in frame)
                server.kill()
        server.restart()
        with server.owner() as owner:
            settings = owner.get("/settings/providers/OpenAI")
            lines = owner.lines(agent)
            before = owner.messages(talk)
            elsewhere = owner.ask(owner.conversation(agent), "Still there? [say:Yes.]")
            again = owner.ask(talk, "And here? [say:Here, too.]")  # once the dead turn's lease ends
            after = owner.messages(talk)

    assert settings["is_configured"]
    assert lines == ["Name: Alice"]
    assert before[0]["content"] == question
    assert spoken(elsewhere) == "Yes."
    assert spoken(again) == "Here, too."
    assert [m["content"] for m in after[-2:]] == ["And here? [say:Here, too.]", "Here, too."]


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


def test_a_stop_signal_is_not_held_up_for_ever(tmp_path: Path, stub: StubModel) -> None:
    with (
        ServerProcess.running(tmp_path / "data", SHUTDOWN_GRACE_S="1") as server,
        server.owner() as owner,
    ):
        talk = owner.conversation(owner.stub_agent(stub.url))
        with owner.asking(talk, "Never end [tokens=2000] [itl=100]") as stream:
            next(frame for frame in stream if b"AGENT_RESPONSE_TO_USER" in frame)
            server.interrupt()
            with ThreadPoolExecutor(1) as pool:
                code = pool.submit(server.wait).result(timeout=10)
        server.restart()
        with server.owner() as again:
            messages = again.messages(talk)

    assert code == 0
    assert [m["status"] for m in messages] == ["complete", "cancelled"]
