"""Independent implementations of DynamoDB, each started by its first test on a free port.

ministack comes from the package index through `uv`, so it is there wherever the tests run.
dynoxide, faster and more exact, is one binary from the npm registry; where npm, the platform or
the network lacks, the tests run against ministack alone. Both stay in caches outside of this tree.
"""

import functools
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import pytest

from smriti.db.dynamodb import create_table

DYNOXIDE: Final = "@dynoxide/linux-x64"
DYNOXIDE_VERSION: Final = "1.2.1"
MINISTACK: Final = "ministack==1.5.33"
REGION: Final = "eu-west-2"

_CACHE: Final = Path.home() / ".cache" / "smriti-tests" / f"dynoxide-{DYNOXIDE_VERSION}"
_START_TIMEOUT_S: Final = 120  # the first time, ministack is downloaded


@functools.cache
def engines() -> Sequence[str]:
    """Those that can be started here."""
    return ["dynoxide", "ministack"] if dynoxide() is not None else ["ministack"]


@functools.cache
def dynoxide() -> Path | None:
    """The binary, fetched when it is not in the cache; None where it cannot be had."""
    binary = _CACHE / "node_modules" / DYNOXIDE / "dynoxide"
    npm = shutil.which("npm")
    if binary.is_file():
        return binary
    if npm is None or (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return None
    _CACHE.mkdir(parents=True, exist_ok=True)
    package = f"{DYNOXIDE}@{DYNOXIDE_VERSION}"
    fetching = [npm, "install", "--prefix", str(_CACHE), "--no-save", "--ignore-scripts", package]
    try:
        subprocess.run(fetching, check=True, capture_output=True, timeout=120)
    except subprocess.SubprocessError:
        return None
    return binary if binary.is_file() else None


@contextmanager
def running(engine: str) -> Iterator[str]:
    """The engine's address while it runs."""
    port = free_port()
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            _command(engine, port), stdout=output, stderr=output, start_new_session=True
        ) as process,
    ):
        try:
            _wait_for(port, process, output)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # uv starts the server as its child


def _command(engine: str, port: int) -> list[str]:
    binary = dynoxide()
    if engine == "dynoxide" and binary is not None:
        return [str(binary), "--port", str(port)]
    settings = ["BIND_HOST=127.0.0.1", f"GATEWAY_PORT={port}", "SERVICES=dynamodb"]
    uv = shutil.which("uv") or "uv"
    return ["env", *settings, uv, "tool", "run", "--from", MINISTACK, "ministack"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_for(port: int, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    output.seek(0)
    said = output.read().decode(errors="replace")[-2000:]
    raise RuntimeError(f"The server did not start. It said: {said}")


@contextmanager
def credentials() -> Iterator[None]:
    """Any will do for these engines, but the client insists on having some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield


def new_table(address: str) -> str:
    """The name of a table that was made for a test."""
    name = f"smriti-{uuid.uuid4().hex[:12]}"
    create_table(name, region=REGION, endpoint=address)
    return name
