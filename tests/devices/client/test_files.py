"""The files of a device's directory, and none outside of it."""

import os
from pathlib import Path
from stat import S_IMODE

import pytest

from smriti.devices.client.files import MOST_ENTRIES, MOST_WRITTEN
from smriti.llm.types import ToolCall
from smriti.tools.toolset import ToolFailed, Toolset


async def call(tools: Toolset, name: str, **arguments: object) -> str:
    return await tools.call(ToolCall(call_id="c1", name=name, arguments=dict(arguments)))


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def test_what_was_written_is_read(tools: Toolset, tmp_path: Path) -> None:
    await call(tools, "write_file", path="notes/today.txt", content="Grüße\n")

    assert await call(tools, "read_file", path="notes/today.txt") == "bytes 0 to 8 of 8\nGrüße\n"
    assert await call(tools, "read_file", path=str(tmp_path / "notes/today.txt"))


async def test_a_long_file_is_read_in_pieces(tools: Toolset, tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"abcdefghij")

    assert await call(tools, "read_file", path="long", offset=2, limit=3) == (
        "bytes 2 to 5 of 10\ncde"
    )
    assert await call(tools, "read_file", path="long", offset=99) == "bytes 99 to 99 of 10\n"


async def test_writing_replaces_and_keeps_what_may_run(tools: Toolset, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("old and long", encoding="utf-8")
    script.chmod(0o750)

    await call(tools, "write_file", path="run.sh", content="new")

    assert script.read_text(encoding="utf-8") == "new"
    assert S_IMODE(script.stat().st_mode) == 0o750
    assert names(tmp_path) == ["run.sh"]


async def test_a_directory_is_listed(tools: Toolset, tmp_path: Path) -> None:
    assert await call(tools, "list_directory") == "(empty)"
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_text("12345", encoding="utf-8")
    os.utime(tmp_path / "a.txt", (0, 0))

    assert await call(tools, "list_directory") == "a.txt  5 bytes  1970-01-01 00:00\nb/"


async def test_a_large_directory_is_listed_in_part(tools: Toolset, tmp_path: Path) -> None:
    for number in range(MOST_ENTRIES + 2):
        (tmp_path / f"{number}").touch()

    assert (await call(tools, "list_directory")).endswith("\nand 2 more")


@pytest.fixture
def outside(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a secret; `link` and `secret-link` lead there."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("s3cret", encoding="utf-8")
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "secret-link").symlink_to(outside / "secret")
    return outside


OUTSIDE = ["link/secret", "secret-link", "../x", "/etc/passwd", "link/../secret", "a\0b"]


@pytest.mark.parametrize("path", OUTSIDE)
async def test_nothing_outside_is_read_or_written(tools: Toolset, outside: Path, path: str) -> None:
    with pytest.raises(ToolFailed):
        await call(tools, "read_file", path=path)
    with pytest.raises(ToolFailed):
        await call(tools, "write_file", path=path, content="evil")

    assert (outside / "secret").read_text(encoding="utf-8") == "s3cret"


@pytest.mark.parametrize("path", ["link", "..", "/", "missing", "secret-link"])
async def test_nothing_outside_is_listed(tools: Toolset, outside: Path, path: str) -> None:
    with pytest.raises(ToolFailed):
        await call(tools, "list_directory", path=path)


@pytest.mark.parametrize("path", [".bashrc", ".git/hooks/pre-commit", "a/.env", "directory", "."])
async def test_some_names_are_not_written(tools: Toolset, tmp_path: Path, path: str) -> None:
    (tmp_path / "directory").mkdir()

    with pytest.raises(ToolFailed):
        await call(tools, "write_file", path=path, content="evil")

    assert names(tmp_path) == ["directory"]


async def test_what_is_no_text_file_is_told(tools: Toolset, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"\x89PNG\0\0")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()

    for path, told in [
        ("image", "'image' is no text file"),
        ("pipe", "is no file"),
        ("directory", "Is a directory"),
        ("missing", "No such file"),
    ]:
        with pytest.raises(ToolFailed, match=told):
            await call(tools, "read_file", path=path)


async def test_too_much_is_not_written(tools: Toolset, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="At most"):
        await call(tools, "write_file", path="x", content="x" * (MOST_WRITTEN + 1))

    assert not names(tmp_path)


async def test_a_machine_tells_what_it_is(tools: Toolset, tmp_path: Path) -> None:
    told = await call(tools, "get_system_info")

    names = [line.partition(":")[0] for line in told.splitlines()]
    assert names == ["system", "up for", "processors", "memory", "disk", "directory"]
    assert told.endswith(str(tmp_path))
