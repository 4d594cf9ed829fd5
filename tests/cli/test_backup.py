"""Backups: what is in them, and what is taken back from them."""

import asyncio
import io
import stat
import tarfile
from pathlib import Path

import pytest

from smriti.cli.archive import Manifest, NotABackup, unpack
from smriti.cli.backup import backup
from smriti.cli.failures import CommandFailed
from smriti.cli.restore import restore
from smriti.core.config import Config, ConfigurationError
from smriti.db.sqlite import SqliteTable
from smriti.db.sqlite_file import DatabaseRefused
from smriti.db.table import Put, Query

MEMBERS = ["manifest.json", "encryption_key", "jwt_secret", "smriti.db"]
MANIFEST = Manifest(files=["smriti.db"]).model_dump_json().encode()


def put(config: Config, name: str) -> None:
    async def write() -> None:
        table = SqliteTable.open(config.smriti_data_dir / "smriti.db")
        await table.write(Put({"pk": "p", "sk": name}))
        await table.close()

    asyncio.run(write())


def names(config: Config, file: str = "smriti.db") -> list[str]:
    async def read() -> list[str]:
        table = SqliteTable.open(config.smriti_data_dir / file)
        page = await table.query(Query("p"))
        await table.close()
        return [str(item["sk"]) for item in page.items]

    return asyncio.run(read())


def secret(config: Config, name: str = "encryption_key") -> str:
    return (config.smriti_data_dir / name).read_text()


def tar_of(path: Path, *members: tuple[str | tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def other(tmp_path: Path) -> Config:
    """Another data directory, which does not exist yet."""
    return Config(_env_file=None, smriti_data_dir=tmp_path / "other")


def test_a_backup_is_one_private_file_with_everything(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "smriti.backup"

    backup(config, file, force=False)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file, "r:") as tar:
        assert tar.getnames() == MEMBERS
        assert {member.mode for member in tar} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "smriti.backup"]


def test_a_backup_opens_elsewhere(config: Config, other: Config, tmp_path: Path) -> None:
    put(config, "kept")
    backup(config, tmp_path / "file", force=False)
    put(config, "later")

    restore(other, tmp_path / "file")

    assert names(other) == ["kept"]
    assert [secret(other, name) for name in MEMBERS[1:3]] == [
        secret(config, name) for name in MEMBERS[1:3]
    ]
    assert stat.S_IMODE((other.smriti_data_dir / "encryption_key").stat().st_mode) == 0o600


def test_what_was_there_before_is_kept(
    config: Config, other: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(config, "kept")
    backup(config, tmp_path / "file", force=False)
    other.smriti_data_dir.mkdir()
    (other.smriti_data_dir / "encryption_key").write_text("an older key")
    put(other, "older")

    restore(other, tmp_path / "file")

    assert names(other) == ["kept"]
    assert names(other, "smriti.db.before-restore") == ["older"]
    assert secret(other, "encryption_key.before-restore") == "an older key"
    assert secret(other) == secret(config)
    assert "restart the server" in capsys.readouterr().out


def test_indexes_of_what_was_there_before_are_deleted(
    config: Config, other: Config, tmp_path: Path
) -> None:
    put(config, "kept")
    backup(config, tmp_path / "file", force=False)
    other.snapshots.mkdir(parents=True)
    (other.snapshots / "one.index").write_bytes(b"what was there before")

    restore(other, tmp_path / "file")

    assert not other.snapshots.exists()


def test_a_backup_replaces_another_only_by_force(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "file"
    backup(config, file, force=False)
    first = file.stat().st_ino

    with pytest.raises(CommandFailed, match="--force replaces it"):
        backup(config, file, force=False)
    assert file.stat().st_ino == first
    backup(config, file, force=True)
    assert file.stat().st_ino != first


def test_even_force_replaces_nothing_but_backups(config: Config) -> None:
    database = config.smriti_data_dir / "smriti.db"

    with pytest.raises(CommandFailed, match="is no backup"):
        backup(config, database, force=True)
    with pytest.raises(CommandFailed, match="is no backup"):
        backup(config, config.smriti_data_dir, force=True)

    assert names(config) == []


def test_a_key_of_the_environment_is_not_in_the_backup(
    config: Config, other: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = Config(
        _env_file=None, smriti_data_dir=config.smriti_data_dir, encryption_key="from outside"
    )

    backup(given, tmp_path / "file", force=False)
    restore(other, tmp_path / "file")

    assert sorted(path.name for path in other.smriti_data_dir.iterdir()) == [
        "jwt_secret",
        "smriti.db",
        "smriti.db.lock",
    ]
    out = capsys.readouterr().out
    assert "ENCRYPTION_KEY is not in it" in out
    assert "only if ENCRYPTION_KEY is the one" in out


def test_a_table_in_dynamodb_has_its_own_backups(tmp_path: Path) -> None:
    config = Config(_env_file=None, dynamodb_table="smriti", smriti_data_dir=tmp_path)

    with pytest.raises(ConfigurationError, match="the backups of DynamoDB itself"):
        backup(config, tmp_path / "file", force=False)
    with pytest.raises(ConfigurationError, match="the backups of DynamoDB itself"):
        restore(config, tmp_path / "file")


def test_a_damaged_database_changes_nothing(config: Config, tmp_path: Path) -> None:
    put(config, "kept")
    key = secret(config)
    manifest = Manifest(files=["encryption_key", "smriti.db"]).model_dump_json().encode()
    members = [("manifest.json", manifest), ("encryption_key", b"k"), ("smriti.db", b"x" * 9000)]

    with pytest.raises(DatabaseRefused):
        restore(config, tar_of(tmp_path / "file", *members))

    assert names(config) == ["kept"]
    assert secret(config) == key
    assert not list(config.smriti_data_dir.glob("*before-restore*"))
    assert not list(config.smriti_data_dir.glob(".smriti-restore-*"))


@pytest.mark.parametrize("key", [b"", b" \n", "schlüssel".encode()])
def test_a_secret_that_is_none_changes_nothing(key: bytes, config: Config, tmp_path: Path) -> None:
    before = secret(config)
    manifest = Manifest(files=["encryption_key", "smriti.db"]).model_dump_json().encode()
    members = [("manifest.json", manifest), ("encryption_key", key), ("smriti.db", b"")]

    with pytest.raises(NotABackup, match="encryption_key"):
        restore(config, tar_of(tmp_path / "file", *members))

    assert secret(config) == before


def test_a_file_that_was_cut_off_is_refused(config: Config, other: Config, tmp_path: Path) -> None:
    file = tmp_path / "file"
    backup(config, file, force=False)
    whole = file.read_bytes()

    for size in (0, 100, 512, 5000, len(whole) // 2):
        file.write_bytes(whole[:size])
        with pytest.raises(NotABackup):
            restore(other, file)

    assert list(other.smriti_data_dir.iterdir()) == []


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "members",
    [
        [("../smriti.db", b"")],
        [("/smriti.db", b"")],
        [("./smriti.db", b"")],
        [("extra", b"")],
        [(special("smriti.db", tarfile.SYMTYPE, "../../data/smriti.db"), b"")],
        [(special("smriti.db", tarfile.LNKTYPE, "manifest.json"), b"")],
        [(special("smriti.db", tarfile.DIRTYPE), b"")],
        [(special("smriti.db", tarfile.FIFOTYPE), b"")],
        [("smriti.db", b""), ("smriti.db", b"")],
        [("jwt_secret", b"x" * 65_537)],
    ],
)
def test_only_what_belongs_into_a_backup_is_unpacked(
    members: list[tuple[str | tarfile.TarInfo, bytes]], tmp_path: Path
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    file = tar_of(tmp_path / "file", ("manifest.json", MANIFEST), *members)

    with pytest.raises(NotABackup):
        unpack(file, into)

    assert {path.name for path in into.iterdir()} <= {"manifest.json", "smriti.db"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "into"]


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        (b"{}", "is not a backup of Smriti"),
        (b'{"format": "zip"}', "is not a backup of Smriti"),
        (Manifest(files=["jwt_secret", "smriti.db"]).model_dump_json().encode(), "does not hold"),
        (Manifest(files=[]).model_dump_json().encode(), "does not hold"),
        (Manifest(version=2, files=["smriti.db"]).model_dump_json().encode(), "newer version"),
    ],
    ids=["nothing", "another-format", "more-files", "no-files", "newer"],
)
def test_a_manifest_must_fit(manifest: bytes, told: str, tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    file = tar_of(tmp_path / "file", ("manifest.json", manifest), ("smriti.db", b""))

    with pytest.raises(NotABackup, match=told):
        unpack(file, into)


def test_a_compressed_tar_is_not_expanded(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "file", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO())

    with pytest.raises(NotABackup, match="not a whole backup"):
        unpack(tmp_path / "file", tmp_path)
