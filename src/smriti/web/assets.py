"""The files of the web app, read once: each version of the app has addresses of its own."""

import asyncio
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

import brotli

from smriti.web.pack import packed

CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "br": partial(brotli.compress, quality=5),
    "gzip": partial(gzip.compress, compresslevel=9, mtime=0),
}
"""How a file can be made smaller on its way, the best first. Brotli's best, 11, would take 8 % off
again, but hold up the first visit after a start by half a second.
"""

_DIGEST_LENGTH: Final = 16
_FIRST: Final[tuple[str, ...]] = (
    "main.js",
    "views/chat/start.js",
    "views/chat/chat.js",
    "views/chat/conversations.js",
)
"""What a chat needs before it can be seen; the rest comes when it is wanted."""

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
        sent = {name: _sent(name, content) for name, content in files.items()}
        modules = {name: text.decode() for name, text in sent.items() if name.endswith(".js")}
        linked = packed(modules, [name for name in _FIRST if name in modules])
        sent |= {name: text.encode() for name, text in linked.items()}
        whole = hashlib.sha256()
        for name, content in sent.items():
            whole.update(f"{name}\0{len(content)}\0".encode())
            whole.update(content)
        self.digest = whole.hexdigest()[:_DIGEST_LENGTH]
        base = f"v/{self.digest}/".encode()
        self._files, self._pages = dict[str, Asset](), dict[str, Asset]()
        for name, content in sent.items():
            if name.endswith(".html"):
                self._pages[name] = Asset(content.replace(b"{base}", base), _media_type(name))
            else:
                self._files[name] = Asset(content, _media_type(name))

    def find(self, path: str) -> Asset | None:
        """The file of this path below the root."""
        return self._files.get(path)

    def page(self, name: str) -> Asset:
        """The document of this name, with the addresses of this version in it."""
        return self._pages[name]


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
