"""The note by which other commands find a server."""

import os
import stat
from pathlib import Path

import pytest

from smriti.cli.running import RunningServer, find, publish, withdraw


def test_a_note_is_found_by_its_owner_alone(tmp_path: Path) -> None:
    published = publish(tmp_path / "data", "http://127.0.0.1:8000")

    assert published == RunningServer(url="http://127.0.0.1:8000", pid=os.getpid())
    assert find(tmp_path / "data") == published
    assert stat.S_IMODE((tmp_path / "data" / "server.json").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["server.json"]


def test_a_note_is_withdrawn_by_who_wrote_it(tmp_path: Path) -> None:
    old = publish(tmp_path, "http://127.0.0.1:8000")
    new = publish(tmp_path, "http://127.0.0.1:8001")

    withdraw(tmp_path, old)
    assert find(tmp_path) == new
    withdraw(tmp_path, new)
    assert find(tmp_path) is None
    withdraw(tmp_path, new)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}'])
def test_a_damaged_note_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text(content)

    assert find(tmp_path) is None
