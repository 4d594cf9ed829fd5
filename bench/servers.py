"""The servers of a run: each a process of its own on a free loopback port, killed at the end."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_PATIENCE_S: Final = 60.0
_ADDRESS: Final = re.compile(r"http://[\w.]+:\d+")

CLIENTS: Final = ("httpx", "aiohttp")


class NotStarted(Exception):
    """A server did not come up; the text holds what it wrote."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `url` has no path."""

    url: str
    pid: int


@dataclass(frozen=True, slots=True)
class Servers:
    """The stub model, and what stands in front of it."""

    stub: Server
    relays: Mapping[str, Server]
    smriti: Server

    @property
    def pids(self) -> list[int]:
        return [server.pid for server in (self.stub, *self.relays.values(), self.smriti)]


@contextmanager
def all_servers(*, stub_port: int = 0) -> Iterator[Servers]:
    """A stub, a relay of each client, and Smriti on an empty store."""
    with ExitStack() as stack:
        stub = stack.enter_context(stub_model(stub_port))
        relays = {client: stack.enter_context(relay(client, stub)) for client in CLIENTS}
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="smriti-bench-"))
        yield Servers(stub, relays, stack.enter_context(smriti(Path(directory) / "data")))


@contextmanager
def stub_model(port: int = 0) -> Iterator[Server]:
    with _running([str(_HERE / "stub_model.py"), "--port", str(port)]) as server:
        yield server


@contextmanager
def relay(client: str, stub: Server) -> Iterator[Server]:
    command = [str(_HERE / "passthrough.py"), "--port", "0", "--upstream", stub.url]
    with _running([*command, "--client", client]) as server:
        yield server


@contextmanager
def echo() -> Iterator[Server]:
    with _running([str(_HERE / "echo.py"), "--port", "0"]) as server:
        yield server


@contextmanager
def device_rounds() -> Iterator[Server]:
    with _running([str(_HERE / "device_rounds.py"), "--port", "0"]) as server:
        yield server


@contextmanager
def smriti(data_dir: Path) -> Iterator[Server]:
    """`smriti serve` of this checkout, as it comes, but for what a thousand open turns need."""
    settings = {
        "SMRITI_DATA_DIR": str(data_dir),
        "LOG_LEVEL": "WARNING",
        "MAX_CONCURRENT_TURNS": "10000",
        "MODEL_TIMEOUT_S": "900",
    }
    # Started where there is no .env of somebody's to read.
    data_dir.mkdir(parents=True, exist_ok=True)
    command = ["-m", "smriti.cli.main", "serve", "--port", "0"]
    with _running(command, env=settings, directory=data_dir) as server:
        yield server


@contextmanager
def _running(
    arguments: Sequence[str], *, env: Mapping[str, str] | None = None, directory: Path = _HERE
) -> Iterator[Server]:
    command = [sys.executable, *arguments]
    with tempfile.NamedTemporaryFile(prefix="smriti-bench-") as output:
        process = subprocess.Popen(
            command, cwd=directory, env=env or {}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield Server(_address(process, Path(output.name)), process.pid)
        finally:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], output: Path) -> str:
    """Where the server listens, which is the first address that it writes."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := _ADDRESS.search(output.read_text(encoding="utf-8")):
            return found[0]
        time.sleep(0.02)
    written = output.read_text(encoding="utf-8")[-2000:]
    raise NotStarted(f"{process.args!r} did not start. It wrote:\n{written}")
