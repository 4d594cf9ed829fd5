"""The command line: what is understood, and what a failure looks like."""

from importlib.metadata import version
from pathlib import Path

import pytest

from smriti.cli.main import main


def exit_of(*arguments: str) -> int:
    """The exit code of a command that argparse ends by itself."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_of("--version") == 0
    assert capsys.readouterr().out == f"smriti {version('smriti')}\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_of("--help") == 0

    out = capsys.readouterr().out
    commands = [
        "serve",
        "chat",
        "login-link",
        "backup",
        "restore",
        "table create",
        "usage show",
        "device connect",
    ]
    assert [command for command in commands if f"\n  {command}" not in out] == []


@pytest.mark.parametrize(
    "arguments", [["--help"], ["serve", "--help"], ["chat", "--help"], ["backup", "--help"]]
)
def test_help_of_a_command_names_the_data_directory(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_of(*arguments) == 0
    assert ("--data-dir DIR" in capsys.readouterr().out) == (len(arguments) == 2)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--port", "99999"], "a port is a number from 0 to 65535"),
        (["serve", "--port", "http"], "invalid _port value"),
        (["serve", "--log-level", "loud"], "invalid choice: 'LOUD'"),
        (["table", "drop"], "invalid choice: 'drop'"),
        (["backup"], "required: FILE"),
        (["fly"], "invalid choice: 'fly'"),
    ],
)
def test_what_is_not_understood_ends_in_usage(
    arguments: list[str], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_of(*arguments) == 2
    assert fault in capsys.readouterr().err


def test_options_alone_start_the_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--host", "192.0.2.1", "--data-dir", str(tmp_path), "--log-level", "error"])

    assert code == 2
    assert capsys.readouterr().err.startswith("smriti: To listen on '192.0.2.1'")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["login-link"], "There is no data in"),
        (["chat"], "No server is running on"),
        (["backup", "there.tar"], "There is no data in"),
        (["restore", "nowhere.tar"], "There is no file 'nowhere.tar'."),
    ],
)
def test_a_failed_command_is_one_sentence_and_makes_nothing(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main([*arguments, "--data-dir", str(tmp_path / "data")])

    captured = capsys.readouterr()
    assert code == 1
    assert captured.out == ""
    assert captured.err.startswith(f"smriti: {sentence}")
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "data").exists()
