"""What the tests of every operation share."""

import pytest

from smriti.devices import watching


@pytest.fixture(autouse=True)
def streams_that_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks every operation must not wait ten minutes for the one that watches devices."""
    monkeypatch.setattr(watching, "LIFE_S", 0.05)
