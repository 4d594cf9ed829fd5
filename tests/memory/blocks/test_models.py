"""Names of blocks, and how full they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.memory.blocks.models import (
    Block,
    BlockVersion,
    CoreMemory,
    Edit,
    MemoryBlockDef,
    may_be_block_name,
    normalise_block_name,
)
from tests.memory.house import ADA

NAMES = st.from_regex(r"[a-z](_?[a-z0-9])*", fullmatch=True).filter(lambda name: len(name) <= 50)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Human - Facts about the user", "human"),
        ("Important_Financial_Data", "important_financial_data"),
        ("My Custom Block", "my_custom_block"),
        ("[human]", "human"),
        ("to-do list", "to_do_list"),
        ("__a  -- b__", "a_b"),
        ("café", "caf"),
        (" - nothing before", ""),
    ],
)
def test_names_are_normalised(text: str, name: str) -> None:
    assert normalise_block_name(text) == name


@given(st.text())
def test_a_normalised_name_stays_as_it_is(text: str) -> None:
    name = normalise_block_name(text)

    assert normalise_block_name(name) == name
    assert name == "" or len(name) > 50 or may_be_block_name(name)


@given(NAMES, st.text())
def test_what_the_prompt_shows_means_the_block(name: str, description: str) -> None:
    title = name.replace("_", " ").title()

    assert normalise_block_name(f"{title} - {description}") == name


def _block(name: str, *lines: str, word_limit: int = 100) -> Block:
    content = BlockVersion().followed_by(lines, Edit("agent", "test"))
    return Block(MemoryBlockDef(block_name=name, word_limit=word_limit), content)


@pytest.mark.parametrize(("words", "crowded"), [(79, False), (80, True), (81, True)])
def test_a_block_is_crowded_from_eighty_percent(words: int, crowded: bool) -> None:
    block = _block("human", "word " * words)

    assert (block.percent, block.crowded) == (words, crowded)


def test_a_block_of_an_older_table_may_have_no_limit() -> None:
    assert _block("human", "one", word_limit=0).crowded


def test_an_exact_name_is_found_before_a_similar_one() -> None:
    blocks = {name: _block(name) for name in ("a_b", "a__b", "c__d")}
    core = CoreMemory(ADA, blocks)

    found = [core.find(name) for name in ("a_b", "a__b", "A B", "c_d", "e")]

    assert [block and block.name for block in found] == ["a_b", "a__b", "a_b", "c__d", None]
