"""What tests from outside share: they start real processes, which takes its time."""

from collections.abc import Iterator

import pytest

from tests.e2e.server import Caller, ServerProcess
from tests.fakes.stub_model import StubModel

KEEP_ALIVE_S = 0.2


@pytest.fixture(scope="session")
def stub() -> Iterator[StubModel]:
    """A model behind OpenAI's wire format."""
    with StubModel().running() as running:
        yield running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all tests that leave it as it is; each takes an agent of its own."""
    data_dir = tmp_path_factory.mktemp("shared") / "data"
    with ServerProcess.running(data_dir, STREAM_KEEP_ALIVE_S=str(KEEP_ALIVE_S)) as running:
        yield running


@pytest.fixture(scope="session")
def owner(server: ServerProcess) -> Iterator[Caller]:
    """The owner of the shared server."""
    with server.owner() as caller:
        yield caller
