"""The settings of a command, and how wrong ones are told."""

from pathlib import Path

import pytest

from smriti.cli.configuration import load_config
from smriti.core.config import ConfigurationError


def test_the_command_line_wins(tmp_path: Path) -> None:
    config = load_config(data_dir=tmp_path, log_level="DEBUG")

    assert (config.smriti_data_dir, config.log_level) == (tmp_path, "DEBUG")


def test_a_wrong_setting_is_told_by_its_variable_and_without_its_value(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_config(data_dir=tmp_path, log_level="sk-secret")

    assert str(refused.value).startswith("LOG_LEVEL: Input should be 'DEBUG', 'INFO'")
    assert "sk-secret" not in str(refused.value)
