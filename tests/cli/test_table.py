"""`smriti table create`, as far as it goes without an engine."""

import pytest

from smriti.cli.table import create
from smriti.core.config import Config, ConfigurationError


def test_a_table_needs_a_name() -> None:
    with pytest.raises(ConfigurationError, match="Set DYNAMODB_TABLE"):
        create(Config(_env_file=None))
