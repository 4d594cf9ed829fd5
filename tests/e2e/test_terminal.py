"""`smriti chat`, with its input and its output in pipes."""

import signal
from pathlib import Path

from tests.e2e.server import Caller, ServerProcess, begun, run
from tests.fakes.stub_model import StubModel
from tests.patience import PATIENCE_S

EXAMPLE = """\
> core_memory_append(block="human", content="Name: Alice")
  Appended to [human] at line 1: "Name: Alice" (2/5000 words)
> core_memory_append(block="human", content="Works at: Google")
  Appended to [human] at line 2: "Works at: Google" (5/5000 words)
Nice to meet you, Alice! I'll remember that you work at Google.
"""
MEMORY = """\
human: Facts about the user
  1: Name: Alice
  2: Works at: Google
persona: Your traits and characteristics
  (empty)
"""


def test_the_first_minute(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    typed = "My name is Alice and I work at Google\n/memory\n/forget human 1\n/remember Likes tea\n"
    with ServerProcess.running(data_dir):
        first = run("chat", data_dir=data_dir, stdin=typed)
        second = run("chat", data_dir=data_dir, stdin="Where do I work?\n/quit\nnever said\n")

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith(EXAMPLE)
    assert MEMORY in first.stdout
    assert first.stdout.endswith("  1: Works at: Google\n  2: Likes tea\n")
    assert second.stdout.startswith("You work at Google.")
    assert "never said" not in second.stdout


def test_an_agent_is_chosen_by_name(server: ServerProcess, owner: Caller) -> None:
    owner.agent(agent_name="Archivist")

    known = run("chat", "--agent", "archivist", data_dir=server.data_dir, stdin="/agents\n")
    unknown = run("chat", "--agent", "Nobody", data_dir=server.data_dir)

    assert "* Archivist (Demo)\n" in known.stdout
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("smriti: You have no agent 'Nobody'.")


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with ServerProcess.running(data_dir) as server:
        server.kill()  # its note stays, and must not mislead

        ran = run("chat", data_dir=data_dir, stdin="Hello\n")

    assert ran.returncode == 1
    assert "Start it with `smriti`" in ran.stderr


def test_a_remote_server_asks_for_name_and_password(server: ServerProcess, tmp_path: Path) -> None:
    account = {"username": "ada", "password": "a long enough password"}
    with server.client() as http:
        http.post("/auth/local/signup", json=account)
    chat = ("chat", "--url", f"{server.url}/")

    right = run(*chat, data_dir=tmp_path / "data", stdin="ada\na long enough password\n/agents\n")
    wrong = run(*chat, data_dir=tmp_path / "data", stdin="ada\nguessed\n/agents\n")

    assert right.stdout == "* Smriti (Demo)\n"
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "smriti: Invalid username or password\n"


def test_a_failed_answer_is_told_and_the_talk_goes_on(
    server: ServerProcess, owner: Caller, stub: StubModel
) -> None:
    owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    owner.agent(agent_name="Moody", agent_provider="OpenAI")
    typed = "Hello [fail=400]\nOnce more [tokens=8][abort]\nAgain [say:Here I am.]\n"

    ran = run("chat", "--agent", "moody", data_dir=server.data_dir, stdin=typed)

    refused, partial, broken, answer = ran.stdout.splitlines()
    assert ran.returncode == 1
    assert refused.startswith("! ")
    assert partial == "the stub answers with"
    assert broken.startswith("! ")
    assert answer == "Here I am."


def test_an_interrupt_stops_the_answer_and_the_talk_goes_on(
    server: ServerProcess, owner: Caller, stub: StubModel
) -> None:
    owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
    owner.agent(agent_name="Endless", agent_provider="OpenAI")

    with begun("chat", "--agent", "endless", data_dir=server.data_dir) as chat:
        assert chat.stdin is not None
        assert chat.stdout is not None
        chat.stdin.write("Go on for ever [tokens=2000] [itl=50]\n")
        assert chat.stdout.read(8) == "the stub"
        chat.send_signal(signal.SIGINT)
        shown, _ = chat.communicate("And now? [say:Done.]\n", timeout=PATIENCE_S)

    assert shown.endswith("\n(stopped; what was said so far is kept)\nDone.\n")
    assert chat.returncode == 0
