"""A real server in a process of its own, on a free loopback port and a data directory of a test."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx2
import orjson

from tests.e2e.nursery import Command, Process
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]

type Json = dict[str, Any]
type Event = dict[str, Any]


def run(
    *arguments: str, data_dir: Path, stdin: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One `smriti` command, from its start to its end."""
    return subprocess.run(
        _command(arguments),
        cwd=_directory(data_dir),
        env=_environment(data_dir, env or {}),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@contextmanager
def begun(*arguments: str, data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """One `smriti` command, to be talked with; it hears SIGINT, though who tests may ignore it."""
    with subprocess.Popen(
        preexec_fn=_hear_interrupts,
        args=_command(arguments),
        cwd=_directory(data_dir),
        env=_environment(data_dir, {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "smriti.cli.main", *arguments]


def _directory(data_dir: Path) -> Path:
    """Where a command runs: no `.env` of the developer's is read there."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    return data_dir.parent


def _environment(data_dir: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the developer's own environment reaches a server under test."""
    return {"SMRITI_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT / "src"), **given}


class ServerProcess:
    """`smriti serve`. `url` is where it listens."""

    def __init__(self, data_dir: Path, env: Mapping[str, str]) -> None:
        self.data_dir = data_dir
        self.url = ""
        self._printed_link: str | None = None
        self._env = env
        self._process: Process | None = None

    @classmethod
    def start(cls, data_dir: Path, **env: str) -> Self:
        """A server that answers. `env` are the settings of its environment."""
        server = cls(data_dir, env)
        server.restart()
        return server

    @classmethod
    @contextmanager
    def running(cls, data_dir: Path, **env: str) -> Iterator[Self]:
        """The same, killed at the end."""
        server = cls.start(data_dir, **env)
        try:
            yield server
        finally:
            server.kill()

    @property
    def log(self) -> str:
        """What it has written to standard error."""
        return self._file(".log").read_text(encoding="utf-8")

    @property
    def memory(self) -> int:
        """What it has in memory at the moment, in bytes; files that are mapped do not count."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        lines = dict(line.split(":", 1) for line in status.splitlines())
        return int(lines["RssAnon"].split()[0]) * 1024

    def restart(self) -> None:
        """Start it, again on the same data, on another port."""
        command = Command(
            ["serve", "--port", "0"],
            _directory(self.data_dir),
            _environment(self.data_dir, self._env),
            self._file(".out"),
            self._file(".log"),
        )
        command.out.write_text("")
        self._process = Process(command)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL: what was not written by now never is."""
        if self._process is not None:
            self._process.signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def interrupt(self) -> None:
        """SIGTERM: it may take its time."""
        assert self._process is not None
        self._process.signal(signal.SIGTERM)

    def wait(self) -> int:
        """The exit code, once it has ended."""
        assert self._process is not None
        code = self._process.wait(PATIENCE_S)
        self._process = None
        return code

    def new_link(self) -> str:
        """A sign-in link that nobody has used: the printed one, then others."""
        link, self._printed_link = self._printed_link, None
        return link or run("login-link", data_dir=self.data_dir, env=self._env).stdout.strip()

    def client(self) -> httpx2.Client:
        """A caller whom nobody knows."""
        return httpx2.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False)

    @contextmanager
    def owner(self) -> Iterator["Caller"]:
        """The owner, signed in by a link."""
        token = parse_qs(urlsplit(self.new_link()).query)["token"][0]
        with self.client() as http:
            answer = http.post("/auth/link", json={"token": token})
            assert answer.is_success, answer.text
            http.headers["Authorization"] = f"Bearer {answer.json()['token']}"
            yield Caller(http)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"The server ended:\n{self.log}"
            words = self._file(".out").read_text(encoding="utf-8").split()
            if addresses := [word for word in words if word.startswith("http")]:
                self.url, self._printed_link = addresses[0], addresses[-1]
                break
            time.sleep(0.02)
        with self.client() as http:
            assert http.get("/health").status_code == 200

    def _file(self, ending: str) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}{ending}")


class Caller:
    """Somebody who is signed in, and short words for what tests do all the time."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    def get(self, path: str) -> Any:
        return self._json(self.http.get(path))

    def post(self, path: str, body: Json) -> Any:
        return self._json(self.http.post(path, json=body))

    def agent(self, **values: str) -> Json:
        body = {
            "agent_name": "Librarian",
            "agent_architecture": "krishna-memgpt",
            "agent_provider": "Demo",
            "agent_persona": "Knows every shelf.",
        }
        agent: Json = self.post("/agents", body | values)
        return agent

    def stub_agent(self, base_url: str) -> Json:
        """An agent that thinks with the stub model at this address."""
        self.post("/settings/providers/OpenAI", {"base_url": base_url, "model": "stub"})
        return self.agent(agent_provider="OpenAI")

    def conversation(self, agent: Json) -> Json:
        conversation: Json = self.post("/conversations/", {"agent_id": agent["agent_id"]})
        return conversation

    @contextmanager
    def asking(self, conversation: Json, content: str) -> Iterator[Iterator[bytes]]:
        """The frames of an answer as they come, each without its two line feeds."""
        path = f"/agents/{conversation['agent_id']}/{conversation['conversation_id']}/send-message"
        with self.http.stream("POST", path, json={"content": content}) as response:
            assert response.status_code == 200, response.read()
            yield frames(response.iter_raw())

    def ask(self, conversation: Json, content: str) -> list[Event]:
        """The whole stream's events."""
        with self.asking(conversation, content) as stream:
            return [event_of(frame) for frame in stream if frame.startswith(b"data: ")]

    def rest(self, conversation: Json, last: Event) -> list[Event]:
        """The events of a turn after one of them, to the end, as a client that comes back."""
        path = f"/conversations/{conversation['conversation_id']}/turns/{last['turn_id']}/events"
        with self.http.stream("GET", path, params={"after": last["seq"]}) as response:
            assert response.status_code == 200, response.read()
            stream = list(frames(response.iter_raw()))
        return [event_of(f.partition(b"\n")[2]) for f in stream if f.startswith(b"id: ")]

    def messages(self, conversation: Json) -> list[Json]:
        """Oldest first."""
        path = f"/conversations/{conversation['conversation_id']}/messages"
        items: list[Json] = self.get(f"{path}?limit=100&order=oldest")["items"]
        return items

    def lines(self, agent: Json, block: str = "human") -> list[str]:
        path = f"/agents/{agent['agent_id']}/memory-blocks/{block}/content"
        lines: list[str] = self.get(path)["lines"]
        return lines

    def _json(self, response: httpx2.Response) -> Any:
        assert response.is_success, response.text
        return response.json()


def frames(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        yield from whole
    assert not rest, rest


def event_of(frame: bytes) -> Event:
    event: Event = orjson.loads(frame.removeprefix(b"data: "))
    return event


def spoken(events: list[Event]) -> str:
    """The text of the answer."""
    return "".join(e["content"] for e in events if e["event_type"] == "AGENT_RESPONSE_TO_USER")


def results(events: list[Event]) -> list[str]:
    """What the tools answered."""
    return [e["content"] for e in events if e["event_type"] == "TOOL_CALL_RESULT"]
