"""What tests of the web app share: a server a module, a person a test, and eyes on the page."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.e2e.browser import chromium, context
from tests.e2e.server import Json, ServerProcess
from tests.e2e.web.person import Person
from tests.fakes.stub_model import StubModel

_NUMBERS: Final = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a module share an event loop, since they share a browser."""
    for item in items:
        if item.path.parent == Path(__file__).parent and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all tests of a module; each has a person of its own."""
    data_dir = tmp_path_factory.mktemp("site") / "data"
    with ServerProcess.running(data_dir, SHUTDOWN_GRACE_S="0.1") as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests of a module; each has windows of its own."""
    async with chromium() as opened:
        yield opened


@pytest.fixture
def person(site: ServerProcess) -> Iterator[Person]:
    """A new account; nobody else sees what is hers."""
    with Person.signed_up(site, f"ada-{next(_NUMBERS)}") as person:
        yield person


@pytest_asyncio.fixture(loop_scope="module")
async def windows(browser: Browser, person: Person) -> AsyncIterator[BrowserContext]:
    """A browser in which the person is signed in: `await windows.new_page()` is another tab."""
    async with context(browser) as opened:
        await person.enter(opened)
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def page(windows: BrowserContext) -> Page:
    """A tab that shows nothing yet; go to `person.app` or `person.at("agents")`."""
    return await windows.new_page()


@pytest_asyncio.fixture(loop_scope="module")
async def stranger(browser: Browser) -> AsyncIterator[Page]:
    """A tab of a browser that knows nobody."""
    async with context(browser) as opened:
        yield await opened.new_page()


@pytest.fixture
def stubbed(person: Person, stub: StubModel) -> Json:
    """The person's agent, which thinks with the stub model."""
    return person.caller.stub_agent(stub.url)
