"""Core memory as the model reads it."""

import re
from collections.abc import Sequence
from typing import Final

from smriti.memory.blocks.models import Block, CoreMemory

_OUR_TAG: Final = re.compile(r"<(?=\s{0,9}/?\s{0,9}core_memory)", re.IGNORECASE)


def core_memory_text(core: CoreMemory) -> str:
    """The part of the system prompt that holds the blocks: the same text for the same memory."""
    body = "\n\n".join(_block_text(block) for block in core.blocks.values())
    # Lines are the user's words: they must not be able to end the part that holds them.
    return f"<core_memory>\n{_OUR_TAG.sub('&lt;', body)}\n</core_memory>"


def numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{number}: {line}" for number, line in enumerate(lines, start=1))


def capacity_warning(block: Block) -> str | None:
    """What to tell the model about a block that is 80 % full or more."""
    if not block.crowded:
        return None
    return (
        f"Warning: [{block.name}] is {block.percent:.0f}% full ({block.usage}). "
        "Consolidate its lines, or move details to archival memory and delete them here."
    )


def _block_text(block: Block) -> str:
    title = block.name.replace("_", " ").title()
    shown = [
        f"[{title} - {block.definition.description}]",
        numbered(block.lines) or "(empty)",
        capacity_warning(block),
    ]
    return "\n".join(part for part in shown if part is not None)
