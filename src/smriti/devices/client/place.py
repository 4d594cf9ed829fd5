"""The directory of a device: where its commands run and its files are, and what is outside."""

from pathlib import Path
from typing import Final

from smriti.tools.toolset import ToolFailed

HERE: Final = "."


class Place:
    """A directory. Links are followed, and lead nowhere when they lead out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve(strict=True)

    def inside(self, path: str) -> Path:
        """Where a path leads that is absolute or starts here; `ToolFailed` when that is outside."""
        try:
            found = (self.root / path).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ToolFailed(f"{path!r} is no path.") from error
        if not self.holds(found):
            raise ToolFailed(f"{path!r} is outside of {str(self.root)!r}, where this device works.")
        return found

    def holds(self, path: Path) -> bool:
        return path.is_relative_to(self.root)

    def directory(self, path: str) -> Path:
        """The same, for one that is a directory."""
        found = self.inside(path)
        if not found.is_dir():
            raise ToolFailed(f"There is no directory {path!r}.")
        return found
