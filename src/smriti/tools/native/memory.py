"""The memory tools: an agent edits its blocks and its archive. The answers are a contract."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from pydantic import Field

from smriti.llm.types import ToolCall
from smriti.memory.archive.items import tag_label
from smriti.memory.archive.models import MAX_CHARACTERS, Draft, Origin
from smriti.memory.archive.service import ArchiveBusy, ArchiveService
from smriti.memory.blocks.models import Block, CoreMemory, Edit, normalise_block_name
from smriti.memory.blocks.prompt import capacity_warning, numbered
from smriti.memory.blocks.service import BlockFull, BlockMoved, BlockNotFound, BlockService
from smriti.memory.models import clean_line, clean_text
from smriti.retrieval.documents import EVERYTHING, Filter
from smriti.tools.native.dates import Day, first_moment, last_moment
from smriti.tools.native.function_tool import FunctionToolset
from smriti.tools.native.tags import Tags, cleaned
from smriti.tools.toolset import ToolFailed

RESULTS_A_PAGE: Final = 5
PREVIEW_CHARACTERS: Final = 80
_MAX_QUERY_CHARACTERS: Final = 1000

BlockName = Annotated[str, Field(description='The name of a block, for example "human".')]
LineNumber = Annotated[int, Field(description="The number of a line, from 1.")]
PageNumber = Annotated[int, Field(ge=1, description="Which page of the results, from 1.")]


class MemoryTools(FunctionToolset):
    """Memory of one owner, for one turn. `core` is what the blocks hold now; `used`: by a call."""

    # Not those that go by a line's number: the second time it may be another line's.
    idempotent = frozenset(
        {"core_memory_read", "core_memory_append", "core_memory_list_blocks"}
        | {"archival_memory_insert", "archival_memory_search"}
    )

    def __init__(
        self,
        blocks: BlockService,
        archive: ArchiveService,
        core: CoreMemory,
        *,
        origin: Origin,
    ) -> None:
        self.core = core
        self.used = False
        self._blocks = blocks
        self._archive = archive
        self._origin = origin
        self._turn = asyncio.Lock()
        # How often somebody else was found to have changed a block: so far, when the call that
        # runs now was made, and for each block the last time.
        self._moves = 0
        self._moves_seen = 0
        self._moved_at: dict[str, int] = {}

    async def call(self, call: ToolCall) -> str:
        # Calls of one reply start together; on one memory they take turns, in the reply's order.
        self.used = True
        seen = self._moves
        async with self._turn:
            self._moves_seen = seen
            return await super().call(call)

    async def core_memory_read(self, block: BlockName) -> str:
        """Read a core memory block with its line numbers. The blocks are shown to you already; use
        this to see line numbers after changes."""
        found = await self._find(block)
        if not found.lines:
            return f"[{found.name}] Core Memory is empty."
        head = f"[{found.name}] Core Memory ({len(found.lines)} lines, {found.usage}):"
        return _warned(f"{head}\n{numbered(found.lines)}", found)

    async def core_memory_append(
        self,
        block: BlockName,
        content: Annotated[str, Field(description="One fact, as one line.")],
    ) -> str:
        """Add a new fact to a core memory block, as a line at its end. Core memory is in your
        prompt at every step: keep it to short lasting facts. A line that is there already is not
        added again."""
        line = _line(content)
        found = await self._find(block)
        async with self._explained(found):
            edit = self._edit("core_memory_append")
            appended = await self._blocks.append(self.core, found.name, line, edit)
        self.core = self.core.with_block(appended.block)
        where = f"[{found.name}] at line {appended.line_number}"
        if appended.already:
            known = appended.block.lines[appended.line_number - 1]
            return f'Line already exists in {where}: "{known.strip()}" (no change)'
        done = _warned(f'Appended to {where}: "{line}" ({appended.block.usage})', appended.block)
        if appended.block.lines[:-1] != found.lines:
            return f"{done}\n{self._moved(appended.block)}"
        return done

    async def core_memory_replace(
        self,
        block: BlockName,
        line_number: LineNumber,
        new_content: Annotated[str, Field(description="The new text of the line.")],
    ) -> str:
        """Replace one line of a core memory block by its number, to correct or to consolidate what
        it says."""
        line = _line(new_content)
        found = self._as_seen(await self._find(block))
        if not 1 <= line_number <= len(found.lines):
            raise ToolFailed(
                f"Error: Line {line_number} does not exist in [{found.name}]. "
                f"It has {len(found.lines)} lines."
            )
        if found.lines[line_number - 1].strip() == line:
            return f'Line {line_number} in [{found.name}] already contains: "{line}" (no change)'
        lines = found.lines.copy()
        lines[line_number - 1] = line
        changed = await self._change(found, lines, "core_memory_replace")
        done = f'Replaced line {line_number} in [{found.name}] with: "{line}" ({changed.usage})'
        return _warned(done, changed)

    async def core_memory_delete(self, block: BlockName, line_number: LineNumber) -> str:
        """Remove one line of a core memory block by its number. The lines after it move up by one,
        so delete from the end when you remove several."""
        found = self._as_seen(await self._find(block))
        if not 1 <= line_number <= len(found.lines):
            return f"Line {line_number} does not exist in [{found.name}] (no change)"
        lines = found.lines.copy()
        gone = lines.pop(line_number - 1)
        changed = await self._change(found, lines, "core_memory_delete")
        done = f'Deleted line {line_number} from [{found.name}]: "{gone}" ({changed.usage})'
        return _warned(done, changed)

    async def core_memory_list_blocks(self) -> str:
        """List all core memory blocks with what they are for and how full they are."""
        shown = [
            f"[{block.name}] {block.definition.description}: {len(block.lines)} lines, "
            f"{block.usage} ({block.percent:.0f}%)"
            for block in self.core.blocks.values()
        ]
        return "\n".join(["Core Memory Blocks:", *shown])

    async def archival_memory_insert(
        self,
        content: Annotated[
            str,
            Field(description="A passage that can be understood by itself; the main thing first."),
        ],
        tags: Annotated[
            Tags, Field(description="Short labels by which a search can narrow down.")
        ] = None,
    ) -> str:
        """Store detailed information for later in archival memory, which is unlimited and found by
        searching: one subject a passage. A text that is there already is not stored again."""
        text = clean_text(content)
        if not text:
            raise ToolFailed("Error: content is empty.")
        if len(text) > MAX_CHARACTERS:
            raise ToolFailed(
                f"Error: content has {len(text)} characters; at most {MAX_CHARACTERS} are taken at "
                "once. Store it in several passages."
            )
        try:
            draft = Draft(text, cleaned(tags), self._origin)
            inserted = await self._archive.insert(self.core.owner, draft)
        except ArchiveBusy as busy:
            raise ToolFailed(f"Error: {busy.detail}") from busy
        memory = inserted.memory
        if inserted.created:
            return f"Stored in archival memory (id: {memory.memory_id})"
        return (
            f"Already exists in archival memory (id: {memory.memory_id}, "
            f"created: {memory.created_at:%Y-%m-%d})"
        )

    async def archival_memory_search(
        self,
        query: Annotated[str, Field(description="Words that the passages contain.")],
        page: PageNumber = 1,
        tags: Annotated[Tags, Field(description="Only passages with all of these tags.")] = None,
        start_date: Annotated[Day, Field(description="Only from this day on: YYYY-MM-DD.")] = None,
        end_date: Annotated[Day, Field(description="Only up to this day: YYYY-MM-DD.")] = None,
    ) -> str:
        """Search archival memory. Answers the passages that match best, five a page, with the date
        on which each was stored and how it begins."""
        query = clean_line(query)[:_MAX_QUERY_CHARACTERS]
        where = Filter(
            first_moment("start_date", start_date),
            last_moment("end_date", end_date),
            all_of=frozenset(map(tag_label, cleaned(tags))),
        )
        found = await self._archive.search(self.core.owner, query, where=where)
        if not found.total:
            narrowed = "" if where == EVERYTHING else " with these tags and dates"
            return f'No archival memories found for "{query}"{narrowed}'
        pages = -(-found.total // RESULTS_A_PAGE)
        if page > pages:
            raise ToolFailed(f'Error: There is no page {page} for "{query}"; the last is {pages}.')
        first = (page - 1) * RESULTS_A_PAGE
        hits = await asyncio.to_thread(found.page, first, RESULTS_A_PAGE)
        memories = await self._archive.read(self.core.owner, hits)
        shown = [
            f"[{number}] ({memory.created_at:%Y-%m-%d}) {_preview(memory.content)}"
            for number, memory in enumerate(memories, start=first + 1)
            if memory is not None
        ]
        total = f"{found.total} total"
        head = f'Archival Memory Search for "{query}" (Page {page} of {pages}, {total}):'
        foot = [f"(Use page={page + 1} for more)"] if page < pages else []
        return "\n\n".join([head, "\n".join(shown), *foot])

    async def _find(self, name: str) -> Block:
        found = self.core.find(name)
        if found is None:  # the owner may have made it a moment ago
            found = (await self._blocks.core(self.core.owner)).find(name)
            if found is None:
                raise ToolFailed(_unknown(name))
            self.core = self.core.with_block(found)
        return found

    def _as_seen(self, block: Block) -> Block:
        """A block whose line numbers mean the same to the model, when it made this call."""
        if self._moved_at.get(block.name, 0) > self._moves_seen:
            raise ToolFailed(f"Error: Nothing was changed. {self._moved(block)}")
        return block

    def _moved(self, block: Block) -> str:
        """What to tell when somebody else has changed a block. Calls that were made before the
        model reads this count lines that are not there any more."""
        self._moves += 1
        self._moved_at[block.name] = self._moves
        self.core = self.core.with_block(block)
        lines = numbered(block.lines) or "(empty)"
        return f"[{block.name}] was changed by somebody else meanwhile. Its lines are now:\n{lines}"

    def _edit(self, tool: str) -> Edit:
        return Edit("agent", tool, self._origin.turn_id)

    async def _change(self, block: Block, lines: list[str], tool: str) -> Block:
        async with self._explained(block):
            changed = await self._blocks.change(self.core, block.name, lines, self._edit(tool))
        self.core = self.core.with_block(changed)
        return changed

    @asynccontextmanager
    async def _explained(self, block: Block) -> AsyncIterator[None]:
        """Tells the model why a block was not changed, and what to do about it."""
        try:
            yield
        except BlockFull as full:
            raise ToolFailed(
                f"Error: {full.detail} Nothing was changed. Consolidate lines of [{block.name}] "
                "with core_memory_replace and core_memory_delete, or move details to archival "
                "memory with archival_memory_insert; then call again."
            ) from full
        except BlockNotFound as missing:
            self.core = self.core.without_block(block.name)
            raise ToolFailed(_unknown(block.name)) from missing
        except BlockMoved as moved:
            raise ToolFailed(f"Error: Nothing was changed. {self._moved(moved.current)}") from moved


def _line(text: str) -> str:
    line = clean_line(text)
    if not line:
        raise ToolFailed("Error: the line is empty.")
    return line


def _unknown(name: str) -> str:
    return f"Error: Block [{normalise_block_name(name) or clean_line(name)}] does not exist."


def _warned(answer: str, block: Block) -> str:
    warning = capacity_warning(block)
    return answer if warning is None else f"{answer}\n{warning}"


def _preview(text: str) -> str:
    line = clean_line(text)
    return line if len(line) <= PREVIEW_CHARACTERS else f"{line[:PREVIEW_CHARACTERS]}..."
