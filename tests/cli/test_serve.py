"""What is checked before a server listens."""

import resource
import socket
from contextlib import closing
from pathlib import Path

import pytest

from smriti.cli.failures import CommandFailed
from smriti.cli.serve import allow_many_connections, listen, serve, url_of
from smriti.core.config import Config, ConfigurationError


class Listener(socket.socket):
    """A socket that says it listens on an address, and never did."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._name = host, port

    def getsockname(self) -> tuple[str, int]:
        return self._name


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - nobody listens
        ("::", "http://[::1]:8000"),
        ("192.0.2.1", "http://192.0.2.1:8000"),
    ],
)
def test_the_url_is_one_that_this_machine_can_open(host: str, url: str) -> None:
    with closing(Listener(host, 8000)) as listener:
        assert url_of(listener) == url


@pytest.mark.parametrize(
    ("proxies", "host", "sentence"),
    [
        ("", "192.0.2.1", "set JWT_SECRET"),
        ("10.0.0.1, nginx", "127.0.0.1", "'nginx' is not an address"),
        ("10.0.0.1/8", "127.0.0.1", "'10.0.0.1/8' is not an address"),
    ],
)
def test_a_server_does_not_start_with_settings_that_cannot_be_meant(
    proxies: str, host: str, sentence: str, tmp_path: Path
) -> None:
    config = Config(_env_file=None, smriti_data_dir=tmp_path, trusted_proxies=proxies)

    with pytest.raises(ConfigurationError, match=sentence):
        serve(config, host, 0)


def test_an_unknown_address_is_told() -> None:
    with pytest.raises(CommandFailed, match=r"Cannot listen on 'no such host', port 8000: "):
        listen("no such host", 8000)


def test_a_shell_that_allows_few_files_does_not_keep_machines_away() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        allow_many_connections()
        raised, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert raised == (65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536))
