"""Deleting an account: everything goes, whatever happens in between."""

import asyncio

import pytest

from smriti.core.clock import unix_now
from smriti.db.table import Item, Query, Table, TableUnavailable
from smriti.users.models import AccountDeletion, User
from smriti.users.repository import DeletionRepository, UserRepository
from smriti.users.service import AccountBeingDeleted, UserService
from tests.patience import PATIENCE_S
from tests.users.conftest import service

ADA = "ada@example.com"
DAY_S = 24 * 3600


async def partition(table: Table) -> list[str]:
    return [str(item["sk"]) for item in (await table.query(Query(f"User#{ADA}"))).items]


async def unfinished(table: Table) -> list[str]:
    return [deletion.email for deletion in await DeletionRepository(table).unfinished()]


class Journal:
    """Steps that note that they ran; `fails` is the step that breaks down."""

    def __init__(self, fails: str | None = None) -> None:
        self.ran: list[str] = []
        self.fails = fails

    async def agents(self, email: str) -> None:
        self._run("agents", email)

    async def conversations(self, email: str) -> None:
        self._run("conversations", email)

    def _run(self, step: str, email: str) -> None:
        if step == self.fails:
            raise RuntimeError("The store went away.")
        self.ran.append(f"{step} of {email}")


def with_journal(table: Table, journal: Journal) -> UserService:
    return service(table, journal.agents, journal.conversations)


async def test_everything_of_the_user_goes_and_a_tombstone_stays(table: Table) -> None:
    journal = Journal()
    users = with_journal(table, journal)
    await users.create(User.new(ADA, "Ada"))
    own: list[Item] = [{"pk": f"User#{ADA}", "sk": f"Usage#{n}"} for n in range(250)]
    await table.bulk(puts=[*own, {"pk": "User#bob", "sk": "User#Metadata"}])

    await users.delete(ADA)
    await users.close()

    tombstone = await table.get((f"User#{ADA}", "Deleted"))
    assert journal.ran == [f"agents of {ADA}", f"conversations of {ADA}"]
    assert await partition(table) == ["Deleted"]
    assert await unfinished(table) == []
    assert await table.get(("User#bob", "User#Metadata")) is not None
    assert tombstone is not None
    assert isinstance(tombstone["ttl"], int)
    assert abs(tombstone["ttl"] - unix_now() - 8 * DAY_S) < 60


async def test_sign_ins_end_before_the_work_begins(table: Table) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_: str) -> None:
        begun.set()
        await go_on.wait()

    users = service(table, wait)
    ada = await users.create(User.new(ADA, "Ada"))
    await users.delete(ADA)
    await begun.wait()

    going = await users.get(ADA)
    assert going.deleted_at is not None
    assert going.token_version == ada.token_version + 1
    for attempt in (
        users.create(User.new(ADA, "Ada")),
        users.find_or_create(User.new(ADA, "Ada")),
        users.sign_in(ADA, name="Ada", picture=None),
    ):
        with pytest.raises(AccountBeingDeleted):
            await attempt

    go_on.set()
    await users.close()


async def test_after_a_crash_between_steps_the_job_goes_on(table: Table) -> None:
    broken = with_journal(table, Journal(fails="conversations"))
    await broken.create(User.new(ADA, "Ada"))
    await broken.delete(ADA)
    await broken.close()
    assert await unfinished(table) == [ADA]

    journal = Journal()
    users = with_journal(table, journal)
    await users.resume_deletions()
    await users.close()

    assert journal.ran == [f"agents of {ADA}", f"conversations of {ADA}"]
    assert await partition(table) == ["Deleted"]
    assert await unfinished(table) == []


async def test_a_crash_after_the_account_is_gone_still_holds_the_address(table: Table) -> None:
    users = service(table)
    await users.create(User.new(ADA, "Ada"))
    broken = service(table, DeletionRepository(table).wipe, Journal(fails="agents").agents)
    await broken.delete(ADA)
    await broken.close()

    with pytest.raises(AccountBeingDeleted):
        await users.create(User.new(ADA, "Ada"))

    await users.resume_deletions()
    await users.close()
    assert (await users.create(User.new(ADA, "Ada"))).email == ADA


async def test_a_new_account_of_the_address_is_another_one(table: Table) -> None:
    users = service(table)
    former = await users.create(User.new(ADA, "Ada", password_hash="old"))
    await users.delete(ADA)
    await users.close()

    await users.create(User.new(ADA, "Ada"))
    ada = await users.get(ADA)

    assert ada.password_hash is None
    assert ada.deleted_at is None
    assert ada.token_version not in {former.token_version, former.token_version + 1}


async def test_an_account_can_be_deleted_again_and_again(table: Table) -> None:
    users = service(table)

    for _ in range(2):
        await users.create(User.new(ADA, "Ada"))
        await users.delete(ADA)
        await users.close()

    assert await partition(table) == ["Deleted"]


async def test_a_second_process_does_not_touch_the_next_account(table: Table) -> None:
    """It resumed the same job, and comes back to it only when the first one is through."""
    stalled, go_on = asyncio.Event(), asyncio.Event()
    later = Journal()

    async def stall(_: str) -> None:
        stalled.set()
        await go_on.wait()

    first, second = service(table), service(table, stall, later.agents)
    await first.create(User.new(ADA, "Ada"))
    await DeletionRepository(table).begin(AccountDeletion(email=ADA))
    await second.resume_deletions()
    await stalled.wait()
    await first.resume_deletions()
    await first.close()
    await first.create(User.new(ADA, "Ada"))

    go_on.set()
    await second.close()

    assert later.ran == []
    assert (await first.get(ADA)).deleted_at is None


async def test_a_job_that_outlasts_the_process_goes_on_at_the_next_start(table: Table) -> None:
    async def hang(_: str) -> None:
        await asyncio.Event().wait()

    users = service(table, hang)
    await users.create(User.new(ADA, "Ada"))
    await users.delete(ADA)
    await users.close(patience_s=0)
    assert await unfinished(table) == [ADA]

    users = service(table)
    await users.resume_deletions()
    await users.close()

    assert await partition(table) == ["Deleted"]


async def test_a_job_runs_once_in_a_process(table: Table) -> None:
    journal = Journal()
    users = with_journal(table, journal)
    await users.create(User.new(ADA, "Ada"))

    await asyncio.gather(*(users.delete(ADA) for _ in range(3)), users.resume_deletions())
    await users.close()

    assert journal.ran == [f"agents of {ADA}", f"conversations of {ADA}"]


async def test_deleting_nobody_leaves_nothing(table: Table) -> None:
    users = service(table)

    await users.delete(ADA)
    await users.close()

    assert await partition(table) == []


async def test_a_deletion_that_failed_is_tried_again_by_itself(table: Table) -> None:
    tried: list[str] = []
    done = asyncio.Event()

    async def fails_once(email: str) -> None:
        tried.append(email)
        if len(tried) == 1:
            raise TableUnavailable("A blip.")
        done.set()

    users = UserService(
        UserRepository(table), DeletionRepository(table), [fails_once], retry_after_s=0.0
    )
    await users.create(User.new(ADA, "Ada"))

    await users.delete(ADA)
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
    await users.close()

    assert await partition(table) == ["Deleted"]
    assert await unfinished(table) == []
