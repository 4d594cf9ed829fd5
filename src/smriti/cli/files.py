"""Files for their owner alone, which appear whole or not at all."""

import os
import secrets
from pathlib import Path
from typing import BinaryIO


def create_private(path: Path) -> BinaryIO:
    """The new file at `path`, open for writing; `FileExistsError` when there is one."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def write_private(path: Path, content: bytes) -> None:
    """Put `content` in place of whatever is at `path`: readers see the old or the new."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with create_private(draft) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
