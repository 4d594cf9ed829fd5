"""Who may import and export, how much at once, and what never leaves."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from smriti.db.table import ItemPage, Query, Table, TableUnavailable
from smriti.transfer.gate import AT_ONCE, OF_ONE_USER, TooManyTransfers, TransferGate
from tests.api.clients import open_client
from tests.fakes.counting_table import CountingTable
from tests.home import PASSWORD, Home, open_home
from tests.patience import PATIENCE_S
from tests.transfer.files import agent_file, import_file, send_file

_KEY: Final = "sk-recognisable-key-of-alice-0123456789"
_HEADER: Final = "recognisable-header-of-alice"


def _padded(size: int) -> bytes:
    """A file of so many bytes, most of which nobody wants."""
    content = str(agent_file(later="@")).replace("'", '"').encode()
    return content.replace(b"@", b"x" * (size - len(content) + 1))


async def test_a_file_may_be_larger_than_other_requests(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path, max_body_bytes=2048, import_max_bytes=1_000_000) as home:
        largest = await send_file(home.client, _padded(1_000_000))
        larger = await send_file(home.client, _padded(1_000_001))
        elsewhere = await home.client.post("/agents", content=b" " * 2049)

    assert (largest.status_code, larger.status_code, elsewhere.status_code) == (201, 413, 413)
    assert larger.json()["detail"] == "A request body may have 1000000 bytes at most."


async def test_a_file_that_does_not_say_its_size_is_measured(table: Table, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 10_000

    async with open_home(table, tmp_path, import_max_bytes=1_000_000) as home:
        response = await home.client.post(
            "/agents/import", content=endless(), headers={"Content-Type": "application/json"}
        )

    assert response.status_code == 413


async def test_a_stranger_sends_little_and_is_not_read(home: Home) -> None:
    async with open_client(home.app) as stranger:
        small = await send_file(stranger, agent_file())
        large = await send_file(stranger, _padded(300_000))

    assert (small.status_code, large.status_code) == (401, 413)


async def test_nothing_is_left_of_a_file_that_was_read(home: Home, tmp_path: Path) -> None:
    before = _files(tmp_path)

    await import_file(home.client, _padded(3_000_000))

    assert _files(tmp_path) == before


def _files(directory: Path) -> set[Path]:
    return set(directory.rglob("*"))


async def test_a_name_is_not_taken_for_a_type(home: Home) -> None:
    response = await home.client.post(
        "/agents/import", content=b"{}", headers={"Content-Type": "image/png"}
    )

    assert (response.status_code, response.json()["type"]) == (422, "/problems/import-media-type")


def test_only_some_run_at_once() -> None:
    gate = TransferGate()

    with ExitStack() as running:
        for user in ("alice", "bob"):
            for _ in range(OF_ONE_USER):
                running.enter_context(gate.passed(user))
            with pytest.raises(TooManyTransfers), gate.passed(user):
                pass
        with pytest.raises(TooManyTransfers), gate.passed("carol"):
            pass

    assert 2 * OF_ONE_USER == AT_ONCE


def test_one_that_has_ended_makes_room() -> None:
    gate = TransferGate()

    for _ in range(10):
        with gate.passed("alice"), gate.passed("alice"):
            pass


class PausedTable(CountingTable):
    """Answers no query of a kind before it may, or breaks at it."""

    kind = "nothing"
    breaks = False

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.reached = asyncio.Event()
        self.may_go = asyncio.Event()

    async def query(self, query: Query) -> ItemPage:
        if self.kind in f"{query.pk} {query.begins} {query.between}":
            self.reached.set()
            if self.breaks:
                raise TableUnavailable("Gone.")
            await self.may_go.wait()
        return await super().query(query)


@pytest.fixture
def paused(table: Table) -> PausedTable:
    return PausedTable(table)


@pytest.fixture
async def home(paused: PausedTable, tmp_path: Path) -> AsyncIterator[Home]:
    async with open_home(paused, tmp_path) as opened:
        yield opened


async def test_an_export_holds_its_place_until_it_has_been_sent(
    home: Home, paused: PausedTable
) -> None:
    path = f"/agents/{(await home.agent())['agent_id']}/export"
    paused.kind = "Archival#"
    running = [asyncio.ensure_future(home.client.get(path)) for _ in range(OF_ONE_USER)]
    async with asyncio.timeout(PATIENCE_S):
        await paused.reached.wait()
        refused = await home.client.get(path)
        paused.may_go.set()
        answers = [(await each).status_code for each in running]
    later = await home.client.get(path)

    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-transfers")
    assert refused.headers["Retry-After"] == "5"
    assert [*answers, later.status_code] == [200] * (OF_ONE_USER + 1)


async def test_an_export_that_breaks_off_is_no_json_and_gives_its_place_back(
    home: Home, paused: PausedTable
) -> None:
    path = f"/agents/{(await home.agent())['agent_id']}/export"
    paused.kind, paused.breaks = "Archival#", True

    broken = [(await home.client.get(path)).text for _ in range(OF_ONE_USER + 1)]
    paused.kind = "nothing"
    whole = await home.get(path)

    for text in broken:
        with pytest.raises(ValueError):  # noqa: PT011 - whatever a parser says
            json.loads(text)
    assert whole["format"] == "smriti-agent"


async def test_an_agent_that_is_deleted_meanwhile_is_not_told_as_if_it_were_whole(
    home: Home, paused: PausedTable
) -> None:
    agent_id = (await home.agent())["agent_id"]
    paused.kind = "Archival#"
    running = asyncio.ensure_future(home.client.get(f"/agents/{agent_id}/export"))
    async with asyncio.timeout(PATIENCE_S):
        await paused.reached.wait()
        paused.kind = "nothing"
        await home.client.delete(f"/agents/{agent_id}")
        paused.may_go.set()
        response = await running

    with pytest.raises(ValueError):  # noqa: PT011
        response.json()


async def test_no_export_holds_a_secret(home: Home) -> None:
    values: dict[str, Any] = {
        "base_url": "http://model.test/v1",
        "api_key": _KEY,
        "model": "some-model",
        "default_headers": f"X-Secret: {_HEADER}",
    }
    await home.post("/settings/providers/OpenAI", values)
    await home.post(
        "/settings/providers/Bedrock",
        {"region": "us-east-1", "aws_access_key_id": "AKIASECRET", "aws_secret_access_key": _KEY},
    )
    agent = await home.agent()
    stored = await home.items_with("ProviderSettings#") + await home.items_with("User#Metadata")
    sealed = [str(item.get("encrypted_credentials") or item["password_hash"]) for item in stored]
    token = home.client.headers["Authorization"].partition(" ")[2]

    account = (await home.client.get("/users/me/export")).text
    export = (await home.client.get(f"/agents/{agent['agent_id']}/export")).text

    secrets = [_KEY, _HEADER, "AKIASECRET", PASSWORD, token, *sealed, "token_version", "hash"]
    assert [secret for secret in secrets if secret in account + export] == []
    assert len(sealed) == 3
    settings = [
        provider["settings"] for provider in (await home.get("/users/me/export"))["providers"]
    ]
    assert settings == [
        {"region": "us-east-1"},
        {"base_url": "http://model.test/v1", "model": "some-model"},
    ]


async def test_settings_that_cannot_be_opened_are_named_still(
    home: Home, table: Table, tmp_path: Path
) -> None:
    await home.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
    token = home.client.headers["Authorization"].partition(" ")[2]

    async with open_home(table, tmp_path, token=token, encryption_key="another key " * 4) as other:
        account = await other.get("/users/me/export")

    assert [p["provider_name"] for p in account["providers"]] == ["OpenAI"]
    assert account["providers"][0]["settings"] == {}


async def test_another_ones_agent_is_not_exported(home: Home) -> None:
    agent = await home.agent()

    async with home.sign_up("bob") as bob:
        response = await bob.get(f"/agents/{agent['agent_id']}/export")
        account = (await bob.get("/users/me/export")).json()

    assert response.status_code == 404
    assert (account["profile"]["email"], account["agents"]) == ("bob@local", [])
