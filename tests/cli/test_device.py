"""What `smriti device connect` refuses before it connects."""

from pathlib import Path

import pytest

from smriti.cli.device import address_of
from smriti.cli.failures import CommandFailed
from smriti.cli.main import main


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws"),
        ("http://localhost:8000/", "ws://localhost:8000/ws"),
        ("ws://[::1]:5000/ws", "ws://[::1]:5000/ws"),
        ("https://example.org", "wss://example.org/ws"),
        ("wss://example.org/smriti/", "wss://example.org/smriti/ws"),
    ],
)
def test_where_the_websocket_is(server: str, address: str) -> None:
    assert address_of(server, insecure=False) == address


@pytest.mark.parametrize(
    "server",
    [
        *("", "localhost:8000", "ftp://example.org", "https://", "http://[::1", "https://a:b/"),
        *("wss://example.org/ws?token=sk_smriti_secret", "https://sk_smriti_secret@example.org"),
    ],
)
def test_what_is_no_address_is_refused_unseen(server: str) -> None:
    with pytest.raises(CommandFailed, match="--server is an address") as refused:
        address_of(server, insecure=True)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("server", ["http://example.org", "ws://192.0.2.1/ws"])
def test_a_key_does_not_travel_openly_unless_that_is_wanted(server: str) -> None:
    with pytest.raises(CommandFailed, match="for anybody to read"):
        address_of(server, insecure=False)

    assert address_of(server, insecure=True).startswith("ws://")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--name", "a b"], "--name: at most 200 letters"),
        (["--directory", "nowhere"], "There is no directory 'nowhere'."),
        (["--read-only", "--allow", "git"], "--read-only and --allow exclude each other"),
        (["--allow", "/usr/bin/git"], "--allow takes the name of a program"),
        (["--server", "http://example.org"], "http:// carries the key to 'example.org'"),
        (["--ask"], "--ask needs a terminal"),
        (["--key", "k", "--mcp", ""], "--mcp names a command or an address."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["device", "connect", "--server", "http://127.0.0.1:1", "--name", "lab-7", *arguments]

    assert main(given) == 1
    assert capsys.readouterr().err.startswith(f"smriti: {sentence}")


def test_without_a_key_it_says_where_to_put_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMRITI_DEVICE_KEY", raising=False)

    assert main(["device", "connect", "--server", "http://127.0.0.1:1", "--name", "lab-7"]) == 2
    assert capsys.readouterr().err == "smriti: Set SMRITI_DEVICE_KEY to a key of its owner.\n"
