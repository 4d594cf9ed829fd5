"""The tools for the files of a device's directory."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import Annotated, Final

from pydantic import Field

from smriti.devices.client.place import HERE, Place
from smriti.tools.native.function_tool import FunctionToolset
from smriti.tools.toolset import ToolFailed

MOST_READ: Final = 64_000
MOST_WRITTEN: Final = 1_000_000
MOST_ENTRIES: Final = 500
_READ: Final = 6000  # what a model sees of one result, and room for the first line
_NEW_FILE: Final = 0o644

_Path = Annotated[str, Field(description="In the device's directory; may be relative to it.")]


class ReadFiles(FunctionToolset):
    def __init__(self, place: Place) -> None:
        self._place = place

    async def read_file(
        self,
        path: _Path,
        offset: Annotated[int, Field(ge=0, description="The byte to begin with.")] = 0,
        limit: Annotated[int, Field(ge=1, le=MOST_READ, description="Bytes at most.")] = _READ,
    ) -> str:
        """Read a text file. The first line says which bytes of how many were read."""
        data, size = await asyncio.to_thread(_read, self._place.inside(path), offset, limit)
        if b"\0" in data:
            raise ToolFailed(f"{path!r} is no text file.")
        text = data.decode(errors="replace")
        return f"bytes {offset} to {offset + len(data)} of {size}\n{text}"

    async def list_directory(self, path: _Path = HERE) -> str:
        """List a directory: what is in it, how large, and when it was changed (UTC)."""
        entries = await asyncio.to_thread(_entries, self._place.directory(path))
        shown = entries[:MOST_ENTRIES]
        more = [f"and {len(entries) - len(shown)} more"] if len(entries) > len(shown) else []
        return "\n".join([*shown, *more]) or "(empty)"


class WriteFiles(FunctionToolset):
    def __init__(self, place: Place) -> None:
        self._place = place

    async def write_file(
        self,
        path: _Path,
        content: Annotated[str, Field(description="All that the file is to hold.")],
    ) -> str:
        """Write a text file, in place of what it held. Directories on its way are made."""
        data = content.encode(errors="replace")
        if len(data) > MOST_WRITTEN:
            raise ToolFailed(f"At most {MOST_WRITTEN} bytes may be written.")
        found = self._place.inside(path)
        if any(part.startswith(".") for part in found.relative_to(self._place.root).parts):
            raise ToolFailed("Hidden files, which programs may obey, are not written.")
        await asyncio.to_thread(_write, found, data)
        return f"Wrote {len(data)} bytes to {str(found)!r}."


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ToolFailed(f"{str(path)!r}: {error.strerror}.") from error


def _read(path: Path, offset: int, limit: int) -> tuple[bytes, int]:
    # What is no file, or has become a link since it was looked at, must not be waited for.
    with _explained(path), os.fdopen(os.open(path, os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not S_ISREG(status.st_mode):
            raise ToolFailed(f"{str(path)!r} is no file.")
        file.seek(offset)
        return file.read(limit), status.st_size


def _entries(directory: Path) -> list[str]:
    with _explained(directory), os.scandir(directory) as found:
        return sorted(_described(entry) for entry in found)


def _described(entry: os.DirEntry[str]) -> str:
    if entry.is_dir(follow_symlinks=False):
        return f"{entry.name}/"
    status = entry.stat(follow_symlinks=False)
    changed = datetime.fromtimestamp(status.st_mtime, UTC)
    return f"{entry.name}  {status.st_size} bytes  {changed:%Y-%m-%d %H:%M}"


def _write(path: Path, data: bytes) -> None:
    """Readers see the old or the new; what may run goes on to."""
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise ToolFailed(f"{str(path)!r} is a directory.")
        mode = S_IMODE(path.stat().st_mode) if path.exists() else _NEW_FILE
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
            try:
                draft.write(data)
                draft.flush()
                os.fchmod(draft.fileno(), mode)
                Path(draft.name).replace(path)
            except BaseException:
                Path(draft.name).unlink(missing_ok=True)
                raise
