"""The two secrets of the server."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smriti.auth.secrets import ServerSecrets, load_secrets
from smriti.core.config import ConfigurationError
from tests.auth.server import settings


def values(secrets: ServerSecrets) -> tuple[str, str]:
    return secrets.jwt_secret.get_secret_value(), secrets.encryption_key.get_secret_value()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "new" / "data"


def at_home(data: Path, **given: str | None) -> ServerSecrets:
    return load_secrets(
        settings(**{"jwt_secret": None, "encryption_key": None, "smriti_data_dir": data, **given})
    )


def test_at_home_two_secrets_are_made_and_kept(data: Path) -> None:
    first = values(at_home(data))

    assert values(at_home(data)) == first
    assert first[0] != first[1]
    assert [len(secret) for secret in first] == [64, 64]
    assert sorted(path.name for path in data.iterdir()) == ["encryption_key", "jwt_secret"]


def test_only_the_owner_may_read_them(data: Path) -> None:
    at_home(data)

    assert [mode(path) for path in (data, data / "jwt_secret", data / "encryption_key")] == [
        0o700,
        0o600,
        0o600,
    ]


def test_given_secrets_are_used_and_nothing_is_kept(data: Path) -> None:
    secrets = at_home(data, jwt_secret="given", encryption_key="another")

    assert values(secrets) == ("given", "another")
    assert not data.exists()


def test_one_secret_never_stands_in_for_the_other(data: Path) -> None:
    secrets = at_home(data, jwt_secret="given")

    assert values(secrets)[1] == (data / "encryption_key").read_text()
    assert not (data / "jwt_secret").exists()


def test_processes_that_start_at_once_agree(data: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(at_home, [data] * 8))

    assert len({values(secrets) for secrets in found}) == 1
    assert len(list(data.iterdir())) == 2


def test_an_empty_file_is_not_a_secret(data: Path) -> None:
    data.mkdir(parents=True)
    (data / "jwt_secret").touch()

    with pytest.raises(ConfigurationError, match="is empty"):
        at_home(data)


def test_production_refuses_a_short_secret() -> None:
    config = settings(environment="production", local_accounts="on", jwt_secret="x" * 31)

    with pytest.raises(ConfigurationError, match="JWT_SECRET must have at least 32 bytes"):
        load_secrets(config)


def test_secrets_do_not_show(data: Path) -> None:
    assert values(secrets := at_home(data))[0] not in repr(secrets)
