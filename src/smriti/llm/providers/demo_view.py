"""What the demo model reads out of a request: the question, the memory, what tools answered."""

import re
from dataclasses import dataclass
from typing import Final

from smriti.llm.types import ChatMessage, ModelRequest, ToolCall, ToolResult

TITLE_REQUEST: Final = "Write a title of at most six words"

_TIME: Final = re.compile(r"\A\s*<time>[^<]*</time>\s*")
_BLOCK: Final = re.compile(r"\[(.+)\]")
_LINE: Final = re.compile(r"(\d+): (.*)")


@dataclass(frozen=True)
class Line:
    """A line of core memory."""

    block: str
    number: int
    text: str

    @property
    def key(self) -> str:
        return self.text.partition(":")[0].strip().casefold()

    @property
    def value(self) -> str:
        return self.text.partition(":")[2].strip()


@dataclass(frozen=True)
class View:
    """One request, as far as the demo model understands it."""

    text: str
    earlier: list[str]
    memory: list[Line]
    tools: frozenset[str]
    calls: list[ToolCall]
    results: list[ToolResult]
    first: bool
    title_wanted: bool

    @property
    def about_user(self) -> list[Line]:
        """Core memory without the agent's own traits."""
        return [line for line in self.memory if line.block != "persona"]

    @property
    def name(self) -> str:
        return next((line.value for line in self.about_user if line.key == "name"), "")

    def found(self) -> list[str]:
        """The passages that archival search returned."""
        return [
            passage
            for result in self.results
            if result.name == "archival_memory_search"
            for passage in re.findall(r"^\[\d+\] \([^)]*\) (.+)$", result.text, re.MULTILINE)
        ]


def view_of(request: ModelRequest) -> View:
    asked = [n for n, message in enumerate(request.messages) if message.role == "user"]
    newest = asked[-1] if asked else 0
    since = [part for message in request.messages[newest:] for part in message.parts]
    texts = [said(message) for message in request.messages if message.role == "user"]
    text = texts[-1] if texts else ""
    return View(
        text=text,
        earlier=texts[:-1],
        memory=_memory(request.system),
        tools=frozenset(spec.name for spec in request.tools),
        calls=[part for part in since if isinstance(part, ToolCall)],
        results=[part for part in since if isinstance(part, ToolResult)],
        first=all(message.role == "user" for message in request.messages[:newest]),
        title_wanted=TITLE_REQUEST in request.system or TITLE_REQUEST in text,
    )


def said(message: ChatMessage) -> str:
    """What the person wrote, without what was put before it: time, past exchanges, files."""
    text = _TIME.sub("", message.text)
    if text.startswith("<relevant_past>"):
        text = text.partition("</relevant_past>")[2].lstrip()
    if text.startswith("<attachment"):
        text = text.rpartition("</attachment>")[2]
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip()


def _memory(system: str) -> list[Line]:
    """The numbered lines of the blocks in the system prompt."""
    shown = system.rpartition("<core_memory>\n")[2].partition("</core_memory>")
    lines, block = [], ""
    for text in shown[0].splitlines() if shown[1] else []:
        if header := _BLOCK.fullmatch(text.strip()):
            block = header[1].partition(" - ")[0].strip().lower().replace(" ", "_")
        elif line := _LINE.match(text):
            lines.append(Line(block, int(line[1]), line[2]))
    return lines
