"""Which addresses are this machine's own."""

import pytest

from smriti.core.addresses import is_loopback


@pytest.mark.parametrize("name", ["localhost", "app.localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize("name", ["", "example.org", "localhost.evil.org", "10.0.0.1", "0.0.0.0"])  # noqa: S104
def test_another_machine(name: str) -> None:
    assert not is_loopback(name)
