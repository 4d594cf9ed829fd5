"""Fixtures that every module's tests may use."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, settings

from smriti.db.sqlite import SqliteTable
from smriti.db.table import Table
from smriti.observability.logs import configure_logging
from tests.home import Home, open_home
from tests.patience import PATIENCE_S
from tests.turns.crashing import Cluster

# A busy machine is slow: that an example takes long says nothing of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

_LONGEST = (
    "tests/api/test_schemathesis.py",
    "tests/turns/test_turn_machine.py",
    "tests/devices/test_aip_",
    "tests/e2e/",
    "tests/api/test_bad_input.py",
    "tests/api/test_scopes.py",
    "tests/payments/story/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--turn-examples", type=int, default=0, help="see test_turn_machine.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


@pytest.fixture(autouse=True)
def usual_logging() -> None:
    """Logging is the process's: what one test sets must not hold in the next."""
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)  # a server sets it when it is made
    configure_logging("INFO", "text")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given up after a second or two waits here: a busy machine may take as long."""
    for limit in (
        "smriti.devices.sessions._PATIENCE_S",
        "smriti.observability.health._TIMEOUT_S",
        "smriti.search.service.LIMIT_S",
        "smriti.turns.control._PATIENCE_S",
        "smriti.turns.reminding.LIMIT_S",
    ):
        monkeypatch.setattr(limit, PATIENCE_S)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that count what the store is asked: nothing looks at it from time to time."""
    monkeypatch.setattr("smriti.turns.leases._TICK_S", PATIENCE_S)
    monkeypatch.setattr("smriti.turns.starter._SWEEP_S", PATIENCE_S)


@pytest.fixture
async def table() -> AsyncIterator[Table]:
    """An empty table in memory."""
    opened = SqliteTable.open()
    yield opened
    await opened.close()


@pytest.fixture
async def home(table: Table, tmp_path: Path) -> AsyncIterator[Home]:
    """A server in local mode, with alice signed in."""
    async with open_home(table, tmp_path) as opened:
        yield opened


@pytest.fixture
async def cluster(table: Table, tmp_path: Path) -> AsyncIterator[Cluster]:
    """Several processes on the table."""
    async with Cluster.opened(table, tmp_path) as opened:
        yield opened


@pytest.fixture
def client(home: Home) -> httpx2.AsyncClient:
    """Alice's client."""
    return home.client
