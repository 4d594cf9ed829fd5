"""A data directory with the secrets and the database that a first start leaves."""

from pathlib import Path

import pytest

from smriti.auth.secrets import load_secrets
from smriti.core.config import Config
from smriti.db.sqlite import SqliteTable


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    config = Config(_env_file=None, smriti_data_dir=tmp_path / "data")
    load_secrets(config)
    table = SqliteTable.open(config.smriti_data_dir / "smriti.db")
    await table.close()
    return config
