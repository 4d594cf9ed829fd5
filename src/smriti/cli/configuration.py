"""The configuration of a command: the environment's, with what the command line says instead."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from smriti.cli.failures import CommandFailed
from smriti.core.config import Config, ConfigurationError


def load_config(*, data_dir: Path | None, log_level: str | None) -> Config:
    """`ConfigurationError` names every variable that is wrong, and never its value."""
    given: dict[str, Any] = {"smriti_data_dir": data_dir, "log_level": log_level}
    try:
        return Config(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise ConfigurationError(_faults(error)) from error


def _faults(error: ValidationError) -> str:
    faults = []
    for fault in error.errors(include_input=False, include_url=False):
        variable = ".".join(map(str, fault["loc"])).upper()
        text = fault["msg"].removeprefix("Value error, ")
        faults.append(f"{variable}: {text}" if variable else text)
    return "; ".join(faults)


def existing_database(config: Config) -> Path:
    """The embedded store's file; `CommandFailed` when there is none to work with."""
    if not config.database.is_file():
        raise CommandFailed(
            f"There is no data in {str(config.smriti_data_dir)!r}. "
            "Name the right directory with --data-dir, or start the server first with `smriti`."
        )
    return config.database
