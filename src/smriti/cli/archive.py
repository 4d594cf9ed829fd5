"""A backup file: a plain tar of a manifest, the secrets, and the database that they open."""

import io
import os
import shutil
import tarfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, ValidationError

from smriti.cli.failures import CommandFailed
from smriti.cli.files import create_private
from smriti.core.clock import utc_now

DATABASE: Final = "smriti.db"
SECRETS: Final = ("encryption_key", "jwt_secret")
_MANIFEST: Final = "manifest.json"
_VERSION: Final = 1
_MAX_SMALL_BYTES: Final = 64 * 1024


class Manifest(BaseModel):
    """What the file is, and which others it holds."""

    format: Literal["smriti-backup"] = "smriti-backup"
    version: int = _VERSION
    created_at: datetime = Field(default_factory=utc_now)
    files: list[str]


class NotABackup(CommandFailed):
    """The file is not one that `smriti backup` wrote, or it was damaged since."""


def pack(target: Path, files: Sequence[Path]) -> None:
    """Write the backup of `files` to the new file `target`. The database should come last: a file
    that was cut off is then missing a part of it."""
    manifest = Manifest(files=[file.name for file in files]).model_dump_json().encode()
    with create_private(target) as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            tar.addfile(_member(_MANIFEST, len(manifest)), io.BytesIO(manifest))
            for file in files:
                with file.open("rb") as content:
                    tar.addfile(_member(file.name, file.stat().st_size), content)
        out.flush()
        os.fsync(out.fileno())


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(utc_now().timestamp())
    return member


def unpack(source: Path, directory: Path) -> Manifest:
    """Put the files of a backup, which nobody vouches for, into an empty directory.

    `NotABackup` unless they are exactly those that belong there. The database is not looked into.
    """
    try:
        with tarfile.open(source, "r:") as tar:
            for member in tar:
                _unpack_one(tar, member, directory, limit=source.stat().st_size)
    except tarfile.TarError as error:
        raise NotABackup(f"{str(source)!r} is not a whole backup: {error}.") from error
    try:
        manifest = Manifest.model_validate_json((directory / _MANIFEST).read_bytes())
    except (FileNotFoundError, ValidationError) as error:
        raise NotABackup(f"{str(source)!r} is not a backup of Smriti.") from error
    if manifest.version > _VERSION:
        raise NotABackup(f"{str(source)!r} was made by a newer version of Smriti. Install that.")
    found = {file.name for file in directory.iterdir()} - {_MANIFEST}
    if found != set(manifest.files) or DATABASE not in found:
        raise NotABackup(f"{str(source)!r} does not hold the files that it should.")
    return manifest


def _unpack_one(
    tar: tarfile.TarFile, member: tarfile.TarInfo, directory: Path, *, limit: int
) -> None:
    known = member.name in {_MANIFEST, DATABASE, *SECRETS}
    whole = member.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and not member.issparse()
    size_allowed = limit if member.name == DATABASE else _MAX_SMALL_BYTES
    content = tar.extractfile(member) if known and whole else None
    if content is None or member.size > size_allowed:
        raise NotABackup(f"{member.name!r} does not belong into a backup.")
    try:
        with content, create_private(directory / member.name) as file:
            shutil.copyfileobj(content, file)
    except FileExistsError as error:
        raise NotABackup(f"{member.name!r} is there twice.") from error
