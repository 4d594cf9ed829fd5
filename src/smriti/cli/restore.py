"""`smriti restore`: goes back to a backup, also while a server is running."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from smriti.cli.archive import DATABASE, SECRETS, Manifest, NotABackup, unpack
from smriti.cli.backup import require_embedded_store
from smriti.cli.failures import CommandFailed
from smriti.cli.files import write_private
from smriti.core.config import Config
from smriti.db.sqlite import SqliteTable

_BEFORE = "before-restore"


def restore(config: Config, file: Path) -> None:
    """Replace everything by what `file` holds, once all of it has been found sound."""
    require_embedded_store(config)
    if not file.is_file():
        raise CommandFailed(f"There is no file {str(file)!r}.")
    data_dir = config.smriti_data_dir
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".smriti-restore-", dir=data_dir) as name:
        work = Path(name)
        manifest = unpack(file, work)
        secrets = {secret: _secret(work / secret) for secret in SECRETS if secret in manifest.files}
        # Should this be killed after the database and before the secrets, a second run mends it.
        before = work / _BEFORE if config.database.is_file() else None
        asyncio.run(_replace_items(config.database, work / DATABASE, before))
        if before is not None:
            before.replace(data_dir / f"{config.database.name}.{_BEFORE}")
        changed = [secret for secret in secrets if _replace(data_dir / secret, secrets[secret])]
    shutil.rmtree(config.snapshots, ignore_errors=True)  # of what was there before
    _tell(config, manifest, changed)


def _secret(file: Path) -> bytes:
    secret = file.read_bytes()
    if not secret.strip() or not secret.isascii():
        raise NotABackup(f"The {file.name} in the backup is not one.")
    return secret


async def _replace_items(database: Path, source: Path, before: Path | None) -> None:
    """Give the database the items of `source`; a copy of it as it was goes to `before`."""
    table = SqliteTable.open(database)
    try:
        if before is not None:
            await table.backup_to(before)
        await table.restore_from(source)
    finally:
        await table.close()


def _replace(path: Path, secret: bytes) -> bool:
    """Put the secret in its place, keeping the one that was there; whether there was another."""
    old = path.read_bytes() if path.exists() else b""
    if old:
        write_private(path.with_name(f"{path.name}.{_BEFORE}"), old)
    if old != secret:
        write_private(path, secret)
    return old not in {b"", secret}


def _tell(config: Config, manifest: Manifest, changed: Sequence[str]) -> None:
    print(f"Restored the backup of {manifest.created_at:%Y-%m-%d %H:%M} UTC.")
    if list(config.smriti_data_dir.glob(f"*.{_BEFORE}")):
        print(f"What was here before is kept in {str(config.smriti_data_dir)!r} as *.{_BEFORE}.")
    if changed:
        print("The secrets have changed: restart the server, if one is running.")
    if config.encryption_key is not None or "encryption_key" not in manifest.files:
        print(
            "Saved provider settings open only if ENCRYPTION_KEY is the one with which they were "
            "saved."
        )
