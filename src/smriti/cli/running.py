"""The note that a local server leaves in its data directory, so that other commands find it."""

import os
from pathlib import Path

import httpx2
from pydantic import BaseModel, ValidationError

from smriti.cli.files import write_private

_NAME = "server.json"
_PATIENCE_S = 3.0


class RunningServer(BaseModel):
    """Where a server listens, and its process."""

    url: str
    pid: int


def publish(data_dir: Path, url: str) -> RunningServer:
    """Note that this process serves the directory; readers see the old note or the new one."""
    server = RunningServer(url=url, pid=os.getpid())
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(data_dir / _NAME, server.model_dump_json().encode())
    return server


def withdraw(data_dir: Path, server: RunningServer) -> None:
    """Take the note away, unless it has become another server's."""
    if find(data_dir) == server:
        (data_dir / _NAME).unlink(missing_ok=True)


def find(data_dir: Path) -> RunningServer | None:
    """What the newest server noted; it may have been killed since."""
    try:
        return RunningServer.model_validate_json((data_dir / _NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def answers(url: str) -> bool:
    """Whether a server of ours is at this address now."""
    try:
        response = httpx2.get(f"{url}/health", timeout=_PATIENCE_S, trust_env=False)
        return "status" in response.json()
    except (httpx2.HTTPError, ValueError):
        return False
