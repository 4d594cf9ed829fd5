"""The archival memory tools' answers, to the letter."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from smriti.db.table import Get, Item, ItemPage, Put, Read, Table
from smriti.llm.types import ToolCall
from smriti.memory.archive.models import Draft
from smriti.tools.native.memory import MemoryTools
from smriti.tools.toolset import run_tools
from tests.fakes.counting_table import CountingTable
from tests.memory.house import ADA, House


async def _run(tools: MemoryTools, name: str, **arguments: object) -> str:
    [result] = await run_tools(tools, [ToolCall(call_id="1", name=name, arguments=arguments)])
    assert result.success, result.text
    return result.text


async def _fails(tools: MemoryTools, name: str, **arguments: object) -> str:
    [result] = await run_tools(tools, [ToolCall(call_id="1", name=name, arguments=arguments)])
    assert not result.success, result.text
    return result.text


async def test_the_schemas_stand_by_themselves(house: House) -> None:
    tools = await house.tools()

    assert "$ref" not in json.dumps([spec.parameters for spec in tools.specs()])


async def test_storing_a_passage(house: House) -> None:
    tools = await house.tools()

    text = await _run(tools, "archival_memory_insert", content="Drinks coffee")

    found = re.fullmatch(r"Stored in archival memory \(id: ([0-9a-f-]{36})\)", text)
    assert found is not None
    memory = await house.archive.get(ADA, found[1])
    assert (memory.content, memory.conversation_id, memory.turn_id) == (
        "Drinks coffee",
        "conversation",
        "turn",
    )


async def test_storing_a_passage_again(house: House) -> None:
    tools = await house.tools()
    first = (await house.archive.insert(ADA, Draft("Drinks coffee"))).memory

    text = await _run(tools, "archival_memory_insert", content=" Drinks coffee\n")

    assert text == (
        f"Already exists in archival memory (id: {first.memory_id}, "
        f"created: {first.created_at:%Y-%m-%d})"
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (" ", "Error: content is empty."),
        (
            "x" * 100_001,
            "Error: content has 100001 characters; at most 100000 are taken at once. "
            "Store it in several passages.",
        ),
    ],
)
async def test_a_passage_that_is_no_passage(house: House, content: str, text: str) -> None:
    tools = await house.tools()

    assert await _fails(tools, "archival_memory_insert", content=content) == text


async def _passages(table: Table, count: int, text: str = "Coffee number {}") -> None:
    """Passages of an existing table, a day apart."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(1, count + 1):
        created_at = (start + timedelta(days=number)).isoformat(timespec="microseconds")
        await table.write(
            Put(
                {
                    "pk": "Agent#agent#User#ada@example.com",
                    "sk": f"Archival#{created_at}#{number}",
                    "memory_id": str(number),
                    "content": text.format(number),
                    "content_hash": str(number),
                    "created_at": created_at,
                }
            )
        )


async def test_searching_shows_five_a_page(house: House, table: Table) -> None:
    await _passages(table, 12)
    tools = await house.tools()

    first = await _run(tools, "archival_memory_search", query="coffee")
    last = await _run(tools, "archival_memory_search", query="coffee", page="3")

    assert first == (
        'Archival Memory Search for "coffee" (Page 1 of 3, 12 total):\n'
        "\n"
        "[1] (2024-01-13) Coffee number 12\n"
        "[2] (2024-01-12) Coffee number 11\n"
        "[3] (2024-01-11) Coffee number 10\n"
        "[4] (2024-01-10) Coffee number 9\n"
        "[5] (2024-01-09) Coffee number 8\n"
        "\n"
        "(Use page=2 for more)"
    )
    assert last == (
        'Archival Memory Search for "coffee" (Page 3 of 3, 12 total):\n'
        "\n"
        "[11] (2024-01-03) Coffee number 2\n"
        "[12] (2024-01-02) Coffee number 1"
    )


async def test_a_long_passage_is_previewed(house: House, table: Table) -> None:
    await _passages(table, 1, "coffee\n" + "x" * 100)
    tools = await house.tools()

    text = await _run(tools, "archival_memory_search", query="coffee")

    assert text.endswith(f"\n[1] (2024-01-02) coffee {'x' * 73}...")


@pytest.mark.parametrize("query", ["tea", "", "  "])
async def test_finding_nothing(house: House, query: str) -> None:
    await house.archive.insert(ADA, Draft("Drinks coffee"))
    tools = await house.tools()

    text = await _run(tools, "archival_memory_search", query=query)

    assert text == f'No archival memories found for "{query.strip()}"'


async def test_a_page_after_the_last(house: House) -> None:
    await house.archive.insert(ADA, Draft("Drinks coffee"))
    tools = await house.tools()

    text = await _fails(tools, "archival_memory_search", query="coffee", page=2)

    assert text == 'Error: There is no page 2 for "coffee"; the last is 1.'


async def _tagged(house: House) -> MemoryTools:
    """Ada's tools, and passages of three days about coffee."""
    start = datetime(2024, 1, 1, 12, tzinfo=UTC)
    drafts = [
        Draft(f"Coffee number {day}", tags, created_at=start + timedelta(days=day))
        for day, tags in enumerate([("Food",), ("food", "work"), ()])
    ]
    await house.archive.insert_all(ADA, drafts)
    return await house.tools()


async def test_storing_a_passage_with_tags(house: House) -> None:
    tools = await house.tools()

    text = await _run(tools, "archival_memory_insert", content="x", tags=[" food\n", "", "Work"])
    wrong = await _fails(tools, "archival_memory_insert", content="y", tags=["x" * 51])
    await _run(tools, "archival_memory_insert", content="z", tags=None)

    memory = await house.archive.get(ADA, text.removesuffix(")").rpartition(" ")[2])
    assert memory.tags == ["food", "Work"]
    assert wrong == "Error: there may be 20 tags at most, of 50 characters each."


@pytest.mark.parametrize(
    ("narrow", "days"),
    [
        ({"tags": ["FOOD"]}, [0, 1]),
        ({"tags": "food"}, [0, 1]),
        ({"tags": ["food", "work"]}, [1]),
        ({"start_date": "2024-01-02"}, [1, 2]),
        ({"end_date": "2024-01-02"}, [0, 1]),
        ({"start_date": "2024-01-02", "end_date": "2024-01-02"}, [1]),
        ({"start_date": "2024-01-02T12:00:01Z", "end_date": ""}, [2]),
        ({"end_date": "2024-01-02T12:00:00Z"}, [0]),
        ({"tags": [], "start_date": None}, [0, 1, 2]),
    ],
)
async def test_a_search_is_narrowed_down(
    house: House, narrow: dict[str, object], days: list[int]
) -> None:
    tools = await _tagged(house)

    text = await _run(tools, "archival_memory_search", query="coffee", **narrow)

    assert re.findall(r"Coffee number (\d)", text) == [str(day) for day in reversed(days)]
    assert f"{len(days)} total):" in text


async def test_a_narrow_search_that_finds_nothing_says_so(house: House) -> None:
    tools = await _tagged(house)

    text = await _run(tools, "archival_memory_search", query="coffee", tags=["sports"])

    assert text == 'No archival memories found for "coffee" with these tags and dates'


@pytest.mark.parametrize("name", ["start_date", "end_date"])
@pytest.mark.parametrize("day", ["yesterday", "2024", "9999-12-31T23:59:59-14:00"])
async def test_a_day_that_is_none(house: House, name: str, day: str) -> None:
    tools = await house.tools()

    text = await _fails(tools, "archival_memory_search", query="coffee", **{name: day})

    assert text == f"Error: {name} must be a day like 2026-03-01, not '{day}'."


class _Forgetful(CountingTable):
    """Does not find again what a query has shown."""

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        found = await super().read(*reads)
        gone = [isinstance(read, Get) and "2024-01-03" in read.key[1] for read in reads]
        return [None if lost else item for item, lost in zip(found, gone, strict=True)]


async def test_the_numbers_stay_right_when_a_hit_is_gone(house: House, table: Table) -> None:
    await _passages(table, 3)
    forgetful = House(_Forgetful(table))

    text = await _run(await forgetful.tools(), "archival_memory_search", query="coffee")

    assert text == (
        'Archival Memory Search for "coffee" (Page 1 of 1, 3 total):\n'
        "\n"
        "[1] (2024-01-04) Coffee number 3\n"
        "[3] (2024-01-02) Coffee number 1"
    )
