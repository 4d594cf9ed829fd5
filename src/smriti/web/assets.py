"""The files of the web app, read once: each version of the app has addresses of its own."""

import asyncio
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

import brotli

CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "br": partial(brotli.compress, quality=5),
    "gzip": partial(gzip.compress, compresslevel=9, mtime=0),
}
"""How a file can be made smaller on its way, the best first. Brotli's best, 11, would take 8 % off
again, but hold up the first visit after a start by half a second.
"""

_DIGEST_LENGTH: Final = 16
_PRELOADED: Final[tuple[str, ...]] = (
    "main.js",
    "views/chat/chat.js",
    "views/chat/conversations.js",
)
_IMPORT: Final = re.compile(
    r"""^(?:import|export)\b(?:[^;"'()]*?\bfrom)?\s*["'](\.\.?/[^"']+)["']""", re.MULTILINE
)
_COMMENT: Final = re.compile(rb"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)\n", re.MULTILINE)
"""Of whole lines. Without them the modules of a chat take a fifth less on their way."""

_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"}


class Asset:
    """One file. `etag` is weak: it stands for the content, compressed or not."""

    def __init__(self, content: bytes, media_type: str) -> None:
        self.content = content
        self.media_type = media_type
        self.etag = f'W/"{_digest(content)}"'
        self._encoded: dict[str, bytes] = {}

    async def encoded(self, coding: str) -> bytes:
        """The content by one of `CODINGS`, made when somebody first asks for it."""
        if coding not in self._encoded:
            self._encoded[coding] = await asyncio.to_thread(CODINGS[coding], self.content)
        return self._encoded[coding]


class Assets:
    """All files below `root`, less than a megabyte; those of types are for our own checks only."""

    def __init__(self, root: Path) -> None:
        files = {
            file.relative_to(root).as_posix(): file.read_bytes()
            for file in sorted(root.rglob("*"))
            if file.is_file() and not file.name.endswith(".d.ts")
        }
        whole = hashlib.sha256()
        for name, content in files.items():
            whole.update(f"{name}\0{len(content)}\0".encode())
            whole.update(content)
        self.digest = whole.hexdigest()[:_DIGEST_LENGTH]
        self._files = {
            name: Asset(_sent(name, content), _media_type(name))
            for name, content in files.items()
            if not name.endswith(".html")
        }
        self._pages = {
            name: Asset(self._linked(content.decode()), _media_type(name))
            for name, content in files.items()
            if name.endswith(".html")
        }

    def find(self, path: str) -> Asset | None:
        """The file of this path below the root."""
        return self._files.get(path)

    def page(self, name: str) -> Asset:
        """The document of this name, with the addresses of this version in it."""
        return self._pages[name]

    def preloaded(self) -> list[str]:
        """Every module that the first paint of a chat needs, the first one first."""
        found: list[str] = []
        waiting = [path for path in _PRELOADED if path in self._files]
        while waiting:
            path = waiting.pop(0)
            if path not in found:
                found.append(path)
                waiting.extend(self._imports(path))
        return found

    def _linked(self, page: str) -> bytes:
        base = f"v/{self.digest}/"
        links = "\n    ".join(
            f'<link rel="modulepreload" href="{base}{path}">' for path in self.preloaded()
        )
        return page.replace("{base}", base).replace("{preload}", links).encode()

    def _imports(self, path: str) -> Iterator[str]:
        text = self._files[path].content.decode()
        for target in _IMPORT.findall(text):
            resolved = _resolved(PurePosixPath(path).parent, target)
            if resolved in self._files:
                yield resolved


def _resolved(folder: PurePosixPath, target: str) -> str:
    parts = list(folder.parts)
    for part in PurePosixPath(target).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _sent(name: str, content: bytes) -> bytes:
    """What is written for those who read the source is not sent; of vendored files all is."""
    is_ours = name.endswith((".js", ".css")) and not name.startswith("vendor/")
    return _COMMENT.sub(b"", content) if is_ours else content


def _media_type(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST_LENGTH]
