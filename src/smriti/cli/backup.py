"""`smriti backup`: everything that the embedded store keeps, in one file, at any time."""

import asyncio
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from smriti.cli.archive import DATABASE, SECRETS, pack
from smriti.cli.configuration import existing_database
from smriti.cli.failures import CommandFailed
from smriti.core.config import Config, ConfigurationError
from smriti.db.sqlite import SqliteTable


def backup(config: Config, file: Path, *, force: bool) -> None:
    """Write a backup to `file`; one that is there gives way only to `force`."""
    require_embedded_store(config)
    database = existing_database(config)
    _check_target(file, force=force)
    # Beside the target, so that it appears there at once: a rename does not cross file systems.
    with TemporaryDirectory(prefix=".smriti-backup-", dir=file.resolve().parent) as name:
        work = Path(name)
        asyncio.run(_copy(database, work / DATABASE))
        secrets = [
            config.smriti_data_dir / secret for secret in SECRETS if _is_used(config, secret)
        ]
        pack(work / "backup", [*secrets, work / DATABASE])
        (work / "backup").replace(file)
    print(f"Everything is in {str(file)!r}. It holds secrets: keep it as safe as the data itself.")
    if config.encryption_key is not None:
        print("ENCRYPTION_KEY is not in it, because it comes from the environment. Keep it, too.")


def require_embedded_store(config: Config) -> None:
    if config.dynamodb_table is not None:
        raise ConfigurationError(
            f"The data is in the DynamoDB table {config.dynamodb_table!r}. Use the backups of "
            "DynamoDB itself; this command is for the embedded store."
        )


def _check_target(file: Path, *, force: bool) -> None:
    if not file.exists():
        return
    if not force:
        raise CommandFailed(f"{str(file)!r} exists. --force replaces it.")
    if not file.is_file() or not tarfile.is_tarfile(file):
        raise CommandFailed(f"{str(file)!r} is no backup, and is not replaced.")


def _is_used(config: Config, secret: str) -> bool:
    """Whether the server reads the secret from the data directory, not from the environment."""
    return getattr(config, secret) is None and (config.smriti_data_dir / secret).is_file()


async def _copy(database: Path, target: Path) -> None:
    table = SqliteTable.open(database)
    try:
        await table.backup_to(target)
    finally:
        await table.close()
