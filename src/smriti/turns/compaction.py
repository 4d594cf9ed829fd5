"""Compaction of a crowded block of core memory, after a turn.

The order is what keeps everything: the model's lines are checked, the original ones are archived,
only then the block is written, and only if it still is what the model has read.
"""

import asyncio
import re
from collections.abc import Sequence
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Final

import structlog

from smriti.core.errors import AppError
from smriti.db.table import TableError
from smriti.llm.catalog import estimate_tokens
from smriti.llm.provider import ModelFailed
from smriti.memory.archive.models import MAX_CHARACTERS, Draft, Origin
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.models import Block, count_bytes, count_words
from smriti.memory.blocks.service import BlockMoved, BlockService
from smriti.memory.models import MemoryOwner, clean_line
from smriti.turns.asking import Ask
from smriti.turns.prompt import COMPACTION_AGAIN, COMPACTION_TASK, compaction_request

_LIMIT_S: Final = 180.0
"""A model at home writes a long block anew in two minutes."""

_ASKED_SHARE: Final = 0.8
"""Models count badly: they are asked for less than is accepted."""

_FILLED_SHARE: Final = 0.75
"""How much of the longest answer the new lines are to take: sizes are estimates."""

_MARK: Final = re.compile(r"(?:[-*•]|(\d+)[.:)])\s+(?=\S)")

log = structlog.get_logger()


class Compactor:
    def __init__(self, blocks: BlockService, archive: ArchiveService) -> None:
        self._blocks = blocks
        self._archive = archive

    async def compact(self, owner: MemoryOwner, name: str, ask: Ask, origin: Origin) -> None:
        """Rewrite a block to at most half its limit. Whatever fails leaves it as it was."""
        core = await self._blocks.core(owner)
        block = core.blocks.get(name)
        if block is None or not block.crowded:
            return
        try:
            async with asyncio.timeout(_LIMIT_S):
                lines = await _consolidated(block, ask)
            drafts = [Draft(text, origin=origin) for text in passages(block)]
            await self._archive.insert_all(owner, drafts)
            await self._blocks.compact(core, name, lines, turn_id=origin.turn_id)
        except BlockMoved:
            log.info("block.moved_before_compaction", block=name)
        except (AppError, TableError, TimeoutError) as error:
            log.warning("block.not_compacted", block=name, error=repr(error))
        else:
            words = count_words(lines)
            log.info("block.compacted", block=name, before=block.content.word_count, after=words)


def passages(block: Block) -> list[str]:
    """What the archive keeps of a block: a passage a line, because a search shows how a passage
    begins. A line that comes again is one passage, in this block and in later compactions."""
    prefix = f"[{block.name}] "
    room = MAX_CHARACTERS - len(prefix)
    pieces = (
        line[start : start + room] for line in block.lines for start in range(0, len(line), room)
    )
    return list(dict.fromkeys(prefix + piece.strip() for piece in pieces if piece.strip()))


async def _consolidated(block: Block, ask: Ask) -> list[str]:
    """The block's lines in at most half the words of its limit. `ModelFailed`."""
    limit, words = block.definition.word_limit // 2, max(1, count_words(block.lines))
    writable = int(_FILLED_SHARE * ask.answer_tokens * words / limit)
    lines: dict[str, None] = {}
    for part in parts(block.lines, min(ask.reading_tokens, writable)):
        share = max(1, limit * count_words(part) // words)
        lines |= dict.fromkeys(await _rewritten(block, part, share, ask))
    if count_words(list(lines)) > limit:
        raise ModelFailed("The lines are too many still.")
    return list(lines)


def parts(lines: Sequence[str], tokens: int) -> list[list[str]]:
    """The lines in equal parts of about so many tokens at most, for a model to read one by one."""
    sizes = [estimate_tokens(line) for line in lines]
    total = max(sum(sizes), 1)
    count = -(-total // tokens)
    places = (before * count // total for before in accumulate(sizes, initial=0))
    numbered = zip(places, lines, strict=False)
    return [[line for _, line in part] for _, part in groupby(numbered, key=itemgetter(0))]


async def _rewritten(block: Block, part: Sequence[str], words: int, ask: Ask) -> list[str]:
    for task, asked in (
        (COMPACTION_TASK, int(words * _ASKED_SHARE)),
        (f"{COMPACTION_TASK}\n\n{COMPACTION_AGAIN}", int(words * _ASKED_SHARE**2)),
    ):
        request = compaction_request(block, part, words=max(asked, 1))
        lines = lines_in(await ask(task, request, ask.answer_tokens))
        if lines and count_words(lines) <= words and count_bytes(lines) <= count_bytes(part):
            return lines
    raise ModelFailed("The model gave no shorter list of lines.")


def lines_in(answer: str) -> list[str]:
    """The lines of an answer; none when it is not whole, or not what was asked for."""
    _, opened, rest = answer.rpartition("<lines>")
    text, _, _ = rest.rpartition("</lines>")  # empty when the answer broke off before
    lines = [line for each in text.split("\n") if (line := clean_line(each))]
    return list(dict.fromkeys(_unmarked(lines))) if opened else []


def _unmarked(lines: Sequence[str]) -> list[str]:
    """The lines without bullets or their numbers, which models like to put before each."""
    marks = [_MARK.match(line) for line in lines]
    if all(mark and mark[1] in (None, str(n)) for n, mark in enumerate(marks, start=1)):
        return [_MARK.sub("", line, count=1) for line in lines]
    return list(lines)
