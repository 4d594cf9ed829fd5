"""Who has memory, so that deleting finds it all."""

from smriti.agents.models import Agent
from smriti.db.table import Put, Table
from smriti.memory.archive.models import Draft
from smriti.memory.models import MemoryOwner
from smriti.memory.owners import MemoryOwnerRepository
from tests.memory.house import ADA, BOB, EDIT, SINCE, House

AGENT = Agent(
    agent_id="agent",
    agent_name="Librarian",
    agent_architecture="krishna-memgpt",
    agent_provider="Demo",
    agent_persona="Knows every shelf.",
    created_by="ada@example.com",
)
OTHER = MemoryOwner("other", "ada@example.com", SINCE)


async def _write(house: House, owner: MemoryOwner) -> None:
    core = await house.blocks.core(owner)
    core = core.with_block(await house.blocks.change(core, "human", ["one"], EDIT))
    await house.blocks.change(core, "human", ["two"], EDIT)
    for number in range(3):
        await house.archive.insert(owner, Draft(f"passage {number}"))


async def test_whoever_has_memory_is_known(house: House) -> None:
    await _write(house, ADA)
    await _write(house, BOB)

    assert await house.owners.users("agent") == ["ada@example.com", "bob@example.com"]


async def test_who_only_reads_has_no_memory(house: House) -> None:
    await house.blocks.core(ADA)
    await house.archive.search(ADA, "coffee")

    assert await house.owners.users("agent") == []


async def test_an_owner_is_written_once_a_process(house: House, table: Table) -> None:
    await house.owners.note(ADA)
    await table.bulk(deletes=[("Agent#agent", "MemoryOwner#ada@example.com")])

    await house.owners.note(ADA)
    known = await house.owners.users("agent")
    await House(table).owners.note(ADA)

    assert known == []
    assert await house.owners.users("agent") == ["ada@example.com"]


async def test_deleting_an_agent_leaves_nothing_of_its_memory(house: House, table: Table) -> None:
    for owner in (ADA, BOB, OTHER):
        await _write(house, owner)

    await house.owners.delete_all_of(AGENT)
    await house.owners.delete_all_of(AGENT)

    left = (await table.scan()).items
    assert left
    assert not [item["pk"] for item in left if not str(item["pk"]).startswith("Agent#other")]


async def test_memory_without_a_note_of_its_owner_is_deleted_too(
    house: House, table: Table
) -> None:
    sk = "CoreMemory#agent:ada@example.com:human"
    await table.write(Put({"pk": "Agent#agent#User#ada@example.com", "sk": sk, "lines": ["x"]}))

    await house.owners.delete_all_of(AGENT)

    assert (await table.scan()).items == []


async def test_one_users_memory_can_be_deleted_alone(house: House) -> None:
    await _write(house, ADA)
    await _write(house, BOB)

    await house.owners.delete("agent", "ada@example.com")

    assert await house.owners.users("agent") == ["bob@example.com"]
    assert await house.lines("human", ADA) == []
    assert await house.lines("human", BOB) == ["two"]


async def test_who_remembers_again_after_a_deletion_is_noted_again(house: House) -> None:
    await _write(house, ADA)
    await house.owners.delete("agent", "ada@example.com")

    await house.archive.insert(ADA, Draft("passage 0"))

    assert await house.owners.users("agent") == ["ada@example.com"]


async def test_who_keeps_a_copy_is_told_when_all_is_deleted(house: House, table: Table) -> None:
    await _write(house, ADA)
    forgotten: list[tuple[str, str]] = []
    owners = MemoryOwnerRepository(
        table, on_delete=[lambda agent_id, user_id: forgotten.append((agent_id, user_id))]
    )

    await owners.delete_all_of(AGENT)

    assert forgotten == [("agent", "ada@example.com")]
