"""What the demo model does in the background: it shortens a memory block, it sums up messages."""

import re
from collections.abc import Iterable
from typing import Final

from smriti.llm.types import ModelRequest

COMPACTION_REQUEST: Final = "Consolidate the lines of a memory block"
SUMMARY_REQUEST: Final = "Write the running summary of a conversation"

_ALLOWED: Final = re.compile(r"At most (\d+) words are allowed\.")
_BLOCK: Final = re.compile(r"<memory_block>\n(.*)\n</memory_block>", re.DOTALL)
_EARLIER: Final = re.compile(r"<earlier_summary>\n(.*)\n</earlier_summary>", re.DOTALL)
_QUESTION: Final = re.compile(r'<message from="user"[^>]*>\n(.*?)\n</message>', re.DOTALL)
_SENTENCE: Final = re.compile(r"[^\n]+?(?:[.!?](?=\s)|(?=\n)|$)")
_SUMMARY_WORDS: Final = 400


def errand_of(request: ModelRequest) -> str | None:
    """The answer to a request that is no conversation; None for all others."""
    text = request.messages[-1].text if request.messages else ""
    if request.system.startswith(COMPACTION_REQUEST):
        return _compacted(text)
    if request.system.startswith(SUMMARY_REQUEST):
        return _summarised(text)
    return None


def _compacted(text: str) -> str:
    """The newest lines that fit, without repetitions."""
    allowed, block = _ALLOWED.search(text), _BLOCK.search(text)
    lines = block[1].split("\n") if block else []
    kept = "\n".join(_newest(lines, int(allowed[1]) if allowed else 0))
    return f"<lines>\n{kept}\n</lines>"


def _summarised(text: str) -> str:
    """The summary so far, and the first sentence of each question."""
    earlier = _EARLIER.search(text)
    asked = [said for found in _QUESTION.finditer(text) if (said := _SENTENCE.search(found[1]))]
    lines = [*(earlier[1].split("\n") if earlier else []), *(said[0].strip() for said in asked)]
    return "<summary>\n" + "\n".join(_newest(lines, _SUMMARY_WORDS)) + "\n</summary>"


def _newest(lines: Iterable[str], words: int) -> list[str]:
    """The last lines that together have no more words, in their order; of equal ones the last."""
    kept: dict[str, str] = {}
    for line in reversed(list(lines)):
        if line.casefold() in kept:
            continue
        words -= len(line.split())
        if words < 0:
            break
        kept[line.casefold()] = line
    return list(kept.values())[::-1]
