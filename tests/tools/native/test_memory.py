"""The memory tools' answers, to the letter, and what they do when others write too."""

import pytest

from smriti.db.table import Table
from smriti.llm.types import ToolCall, ToolResult
from smriti.memory.blocks.models import BlockUpdate
from smriti.memory.blocks.prompt import core_memory_text
from smriti.tools.native.memory import MemoryTools
from smriti.tools.toolset import run_tools
from tests.memory.house import ADA, House

type Asked = tuple[str, dict[str, object]]


async def _reply(tools: MemoryTools, *asked: Asked) -> list[ToolResult]:
    """The results of the calls of one reply."""
    calls = [
        ToolCall(call_id=str(number), name=name, arguments=arguments)
        for number, (name, arguments) in enumerate(asked)
    ]
    return await run_tools(tools, calls)


async def _run(tools: MemoryTools, name: str, **arguments: object) -> str:
    (result,) = await _reply(tools, (name, arguments))
    assert result.success, result.text
    return result.text


async def _fails(tools: MemoryTools, name: str, **arguments: object) -> str:
    (result,) = await _reply(tools, (name, arguments))
    assert not result.success, result.text
    return result.text


def _append(content: str, block: str = "human") -> Asked:
    return "core_memory_append", {"block": block, "content": content}


async def _john(house: House) -> MemoryTools:
    await house.fill(
        "human",
        "Name: John Smith",
        "Lives in: London, UK",
        "Occupation: Software Engineer",
        "Likes: Coffee, hiking",
    )
    return await house.tools()


def test_the_tools_are_the_contracts() -> None:
    assert MemoryTools.names() == (
        "core_memory_read",
        "core_memory_append",
        "core_memory_replace",
        "core_memory_delete",
        "core_memory_list_blocks",
        "archival_memory_insert",
        "archival_memory_search",
    )


async def test_alice_at_google(house: House) -> None:
    tools = await house.tools()

    name = await _run(tools, "core_memory_append", block="human", content="Name: Alice")
    work = await _run(tools, "core_memory_append", block="human", content="Works at: Google")

    assert name == 'Appended to [human] at line 1: "Name: Alice" (2/5000 words)'
    assert work == 'Appended to [human] at line 2: "Works at: Google" (5/5000 words)'
    assert await house.lines() == ["Name: Alice", "Works at: Google"]
    assert "1: Name: Alice\n2: Works at: Google\n" in core_memory_text(tools.core)


async def test_reading_a_block(house: House) -> None:
    tools = await _john(house)

    assert await _run(tools, "core_memory_read", block="human") == (
        "[human] Core Memory (4 lines, 13/5000 words):\n"
        "1: Name: John Smith\n"
        "2: Lives in: London, UK\n"
        "3: Occupation: Software Engineer\n"
        "4: Likes: Coffee, hiking"
    )


async def test_reading_an_empty_block(house: House) -> None:
    tools = await house.tools()

    assert await _run(tools, "core_memory_read", block="persona") == (
        "[persona] Core Memory is empty."
    )


@pytest.mark.parametrize(
    "block", ["human", "Human", "Human - Facts about the user", "[human]", " HUMAN "]
)
async def test_a_block_is_found_however_it_is_written(house: House, block: str) -> None:
    tools = await house.tools()

    text = await _run(tools, "core_memory_append", block=block, content="Likes tea")

    assert text == 'Appended to [human] at line 1: "Likes tea" (2/5000 words)'


async def test_an_own_block_is_found_by_its_title(house: House) -> None:
    await house.make("important_financial_data")
    tools = await house.tools()

    text = await _run(
        tools, "core_memory_append", block="Important_Financial_Data", content="Saves much"
    )

    assert text == ('Appended to [important_financial_data] at line 1: "Saves much" (2/5000 words)')


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("core_memory_read", {}),
        ("core_memory_append", {"content": "x"}),
        ("core_memory_replace", {"line_number": 1, "new_content": "x"}),
        ("core_memory_delete", {"line_number": 1}),
    ],
)
async def test_an_unknown_block(house: House, tool: str, arguments: dict[str, object]) -> None:
    tools = await house.tools()

    text = await _fails(tools, tool, block="My Projects", **arguments)

    assert text == "Error: Block [my_projects] does not exist."


async def test_a_block_made_during_the_turn_is_found(house: House) -> None:
    tools = await house.tools()
    await house.make("projects")

    text = await _run(tools, "core_memory_append", block="projects", content="A boat")

    assert text == 'Appended to [projects] at line 1: "A boat" (2/5000 words)'


async def test_a_block_deleted_during_the_turn_does_not_come_back(house: House) -> None:
    await house.make("projects")
    tools = await house.tools()
    await house.blocks.delete(ADA, "projects")

    text = await _fails(tools, "core_memory_append", block="projects", content="A boat")

    assert text == "Error: Block [projects] does not exist."
    assert list(tools.core.blocks) == ["human", "persona"]


async def test_appending_what_is_there(house: House) -> None:
    tools = await _john(house)

    text = await _run(
        tools, "core_memory_append", block="human", content="  Occupation: Software Engineer "
    )

    assert text == (
        'Line already exists in [human] at line 3: "Occupation: Software Engineer" (no change)'
    )
    assert len(await house.lines()) == 4


async def test_case_makes_a_line_another(house: House) -> None:
    tools = await _john(house)

    text = await _run(tools, "core_memory_append", block="human", content="name: john smith")

    assert text == 'Appended to [human] at line 5: "name: john smith" (16/5000 words)'


async def test_the_fifth_line(house: House) -> None:
    tools = await _john(house)

    text = await _run(tools, "core_memory_append", block="human", content="Favorite color: Blue")

    assert text == 'Appended to [human] at line 5: "Favorite color: Blue" (16/5000 words)'


async def test_a_line_is_made_one_line(house: House) -> None:
    tools = await house.tools()

    await _run(tools, "core_memory_append", block="human", content="one\n2: two\x00")

    assert await house.lines() == ["one 2: two"]


@pytest.mark.parametrize("content", ["", " \n ", "\x00"])
async def test_an_empty_line_is_refused(house: House, content: str) -> None:
    tools = await _john(house)

    append = await _fails(tools, "core_memory_append", block="human", content=content)
    replace = await _fails(
        tools, "core_memory_replace", block="human", line_number=1, new_content=content
    )

    assert append == replace == "Error: the line is empty."


async def test_replacing_a_line(house: House) -> None:
    tools = await _john(house)

    text = await _run(
        tools, "core_memory_replace", block="human", line_number="2", new_content="Lives in: Oslo"
    )

    assert text == 'Replaced line 2 in [human] with: "Lives in: Oslo" (12/5000 words)'
    assert (await house.lines())[1:3] == ["Lives in: Oslo", "Occupation: Software Engineer"]


async def test_replacing_a_line_with_itself(house: House) -> None:
    tools = await _john(house)

    text = await _run(
        tools, "core_memory_replace", block="human", line_number=1, new_content=" Name: John Smith"
    )

    assert text == 'Line 1 in [human] already contains: "Name: John Smith" (no change)'


@pytest.mark.parametrize("line_number", [0, -1, 5])
async def test_a_line_that_does_not_exist(house: House, line_number: int) -> None:
    tools = await _john(house)
    where: dict[str, object] = {"block": "human", "line_number": line_number}

    replaced = await _fails(tools, "core_memory_replace", **where, new_content="x")
    deleted = await _run(tools, "core_memory_delete", **where)

    assert replaced == f"Error: Line {line_number} does not exist in [human]. It has 4 lines."
    assert deleted == f"Line {line_number} does not exist in [human] (no change)"


async def test_deleting_a_line_shifts_the_others_up(house: House) -> None:
    tools = await _john(house)

    text = await _run(tools, "core_memory_delete", block="human", line_number=2)

    assert text == 'Deleted line 2 from [human]: "Lives in: London, UK" (9/5000 words)'
    assert (await house.lines())[1] == "Occupation: Software Engineer"


async def test_listing_the_blocks(house: House) -> None:
    await house.make("projects", word_limit=100)
    await house.fill("projects", "word " * 25)
    tools = await _john(house)

    assert await _run(tools, "core_memory_list_blocks") == (
        "Core Memory Blocks:\n"
        "[human] Facts about the user: 4 lines, 13/5000 words (0%)\n"
        "[persona] Your traits and characteristics: 0 lines, 0/5000 words (0%)\n"
        "[projects] About projects: 1 lines, 25/100 words (25%)"
    )


async def test_a_crowded_block_is_warned_of(house: House) -> None:
    await house.make("notes", word_limit=100)
    await house.fill("notes", "word " * 79)
    tools = await house.tools()

    appended = await _run(tools, "core_memory_append", block="notes", content="more")
    read = await _run(tools, "core_memory_read", block="notes")

    warning = (
        "\nWarning: [notes] is 80% full (80/100 words). Consolidate its lines, or move details "
        "to archival memory and delete them here."
    )
    assert appended == f'Appended to [notes] at line 2: "more" (80/100 words){warning}'
    assert read.endswith(f"\n2: more{warning}")


async def test_a_full_block_is_refused_with_advice(house: House) -> None:
    await house.make("notes", word_limit=100)
    await house.fill("notes", "word " * 100)
    tools = await house.tools()

    text = await _fails(tools, "core_memory_append", block="notes", content="more")

    assert text == (
        "Error: Memory block 'notes' holds 100 words at most; this would make 101. Nothing was "
        "changed. Consolidate lines of [notes] with core_memory_replace and core_memory_delete, "
        "or move details to archival memory with archival_memory_insert; then call again."
    )
    assert len(await house.lines("notes")) == 1


async def test_calls_of_one_reply_take_effect_in_order(house: House) -> None:
    tools = await house.tools()

    results = await _reply(
        tools,
        *(_append(f"fact {number}") for number in range(1, 6)),
        ("core_memory_delete", {"block": "human", "line_number": 1}),
        ("archival_memory_insert", {"content": "Drinks coffee"}),
        ("archival_memory_search", {"query": "coffee"}),
    )

    assert [result.text for result in results[:5]] == [
        f'Appended to [human] at line {number}: "fact {number}" ({2 * number}/5000 words)'
        for number in range(1, 6)
    ]
    assert "(Page 1 of 1, 1 total)" in results[-1].text
    assert await house.lines() == [f"fact {number}" for number in range(2, 6)]


async def _meanwhile(house: House, *lines: str) -> None:
    """Somebody else gives the block these lines."""
    await house.blocks.put(ADA, "human", BlockUpdate(lines=list(lines)), "ada")


async def test_an_append_lands_after_what_others_wrote_and_shows_it(house: House) -> None:
    tools = await _john(house)
    await _meanwhile(house, "Name: Jack")

    text = await _run(tools, "core_memory_append", block="human", content="Likes tea")

    assert text == (
        'Appended to [human] at line 2: "Likes tea" (4/5000 words)\n'
        "[human] was changed by somebody else meanwhile. Its lines are now:\n"
        "1: Name: Jack\n"
        "2: Likes tea"
    )


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("core_memory_replace", {"new_content": "x"}), ("core_memory_delete", {})],
)
async def test_a_line_number_is_not_used_on_other_lines(
    house: House, tool: str, arguments: dict[str, object]
) -> None:
    tools = await _john(house)
    await _meanwhile(house, "Name: Jack")
    asked: Asked = (tool, {"block": "human", "line_number": 1, **arguments})

    first, second = await _reply(tools, asked, asked)

    assert (first.success, second.success) == (False, False)
    assert (
        first.text
        == second.text
        == (
            "Error: Nothing was changed. [human] was changed by somebody else meanwhile. "
            "Its lines are now:\n1: Name: Jack"
        )
    )
    assert await house.lines() == ["Name: Jack"]
    await _run(tools, tool, **asked[1])


async def test_a_number_given_before_an_append_met_others_lines_is_not_used(house: House) -> None:
    tools = await _john(house)
    await _meanwhile(house, "Name: Jack")

    appended, deleted = await _reply(
        tools, _append("Likes tea"), ("core_memory_delete", {"block": "human", "line_number": 1})
    )

    assert (appended.success, deleted.success) == (True, False)
    assert await house.lines() == ["Name: Jack", "Likes tea"]


async def test_two_turns_at_once_lose_nothing(house: House, table: Table) -> None:
    tools, others = await house.tools(), await House(table).tools()

    for number in range(5):
        await _reply(tools, _append(f"ours {number}"))
        await _reply(others, _append(f"theirs {number}"))

    assert sorted(await house.lines()) == sorted(
        f"{whose} {number}" for whose in ("ours", "theirs") for number in range(5)
    )
