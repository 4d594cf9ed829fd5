"""The two secrets of the server: given by its operator, or made once and kept beside the data."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from smriti.core.config import Config, ConfigurationError

MIN_JWT_SECRET_BYTES: Final = 32  # RFC 7518 §3.2: as long as the hash
_GENERATED_BYTES: Final = 48


@dataclass(frozen=True)
class ServerSecrets:
    jwt_secret: SecretStr
    encryption_key: SecretStr


def load_secrets(config: Config) -> ServerSecrets:
    """Both secrets; in local mode a missing one is made and kept in the data directory.

    `ConfigurationError` when one is missing or too short in production. Does blocking file I/O.
    """
    return ServerSecrets(
        jwt_secret=_jwt_secret(config),
        encryption_key=config.encryption_key or _kept(config, "encryption_key"),
    )


def _jwt_secret(config: Config) -> SecretStr:
    if config.jwt_secret is None:
        return _kept(config, "jwt_secret")
    if not config.local and is_short(config.jwt_secret):
        raise ConfigurationError(
            f"JWT_SECRET must have at least {MIN_JWT_SECRET_BYTES} bytes in production. "
            "`openssl rand -hex 32` makes one."
        )
    return config.jwt_secret


def is_short(secret: SecretStr) -> bool:
    return len(secret.get_secret_value().encode()) < MIN_JWT_SECRET_BYTES


def _kept(config: Config, name: str) -> SecretStr:
    if not config.local:
        raise ConfigurationError(f"ENVIRONMENT=production needs {name.upper()}.")
    path = config.smriti_data_dir / name
    if not path.exists():
        _make(path)
    kept = path.read_text(encoding="ascii").strip()
    if not kept:
        raise ConfigurationError(f"{path} is empty. Restore it, or delete it to get a new secret.")
    return SecretStr(kept)


def _make(path: Path) -> None:
    """Write a new secret to `path`, whole or not at all; the first of two processes wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(secrets.token_urlsafe(_GENERATED_BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return  # another process was first; its secret is the one
    finally:
        draft.unlink(missing_ok=True)
