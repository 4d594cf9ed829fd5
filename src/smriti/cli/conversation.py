"""One conversation in the terminal: what is typed, and what comes of it."""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final

from smriti.agents.models import Agent
from smriti.cli.answer import Answer
from smriti.cli.failures import CommandFailed
from smriti.cli.remote import Remote
from smriti.cli.screen import Screen
from smriti.conversations.models import Conversation
from smriti.memory.blocks.models import BlockContentView

_HELP: Final = """\
Whatever you type is said to the agent, except:
  /memory                   show what the agent remembers, line by line
  /memory search WORDS      search its archive
  /remember TEXT            add a line to what it knows about you
  /edit BLOCK LINE TEXT     change a line, as in: /edit human 2 Lives in: Oslo
  /forget BLOCK LINE        remove a line, as in: /forget human 2
  /agents                   list your agents
  /new                      begin another conversation
  /quit                     leave; Ctrl+D does too
While an answer comes, Ctrl+C stops it and returns to the prompt; there, it leaves."""


class Chatting:
    """Talks to one agent. `failed` tells whether anything went wrong so far."""

    def __init__(self, remote: Remote, agent: Agent, screen: Screen) -> None:
        self.failed = False
        self._remote = remote
        self._agent = agent
        self._screen = screen
        self._conversation: Conversation | None = None
        self._shown: dict[str, list[str]] = {}
        self._commands: Mapping[str, Callable[[str], None]] = {
            "/memory": self._memory,
            "/remember": self._remember,
            "/edit": self._edit,
            "/forget": self._forget,
            "/agents": self._agents,
            "/new": self._new,
            "/help": lambda _: screen.line(_HELP),
        }

    def take(self, typed: str) -> bool:
        """Do what a line says; False when it says to leave. A failure is shown, not raised."""
        text = typed.strip()
        if text in {"/quit", "/exit"}:
            return False
        try:
            if text.startswith("/"):
                self._obey(*text.split(maxsplit=1))
            elif text:
                self._ask(text)
        except CommandFailed as failure:
            self._fail(str(failure))
        return True

    def _obey(self, word: str, rest: str = "") -> None:
        if word not in self._commands:
            raise CommandFailed(f"There is no command {word}. /help lists all.")
        self._commands[word](rest)

    def _fail(self, text: str) -> None:
        self.failed = True
        self._screen.line(f"! {text}")

    def _ask(self, text: str) -> None:
        if self._conversation is None:
            self._conversation = self._remote.begin(self._agent)
        answer = Answer(self._screen)
        try:
            with closing(self._remote.ask(self._conversation, text)) as events:
                for event in events:
                    answer.take(event)
        except KeyboardInterrupt:
            self._stop(self._conversation, answer.turn_id)
        if answer.failure is not None:
            self._fail(answer.failure)
        self._screen.end_line()

    def _stop(self, conversation: Conversation, turn_id: str | None) -> None:
        self._screen.say("\n")  # the terminal shows ^C at the end of the line
        if turn_id is None:
            self._screen.aside("(not shown any more; the agent may answer all the same)")
            return
        self._remote.cancel(conversation, turn_id)
        self._screen.aside("(stopped; what was said so far is kept)")

    def _memory(self, rest: str) -> None:
        word, _, query = rest.partition(" ")
        if word == "search" and query:
            self._search(query)
            return
        if rest:
            raise CommandFailed("Type /memory, or /memory search WORDS.")
        for block in self._remote.blocks(self._agent):
            self._screen.line(f"{block.block_name}: {block.description}")
            self._show_block(self._remote.block(self._agent, block.block_name))

    def _show_block(self, block: BlockContentView) -> None:
        self._shown[block.block_name] = block.lines
        for number, line in enumerate(block.lines, start=1):
            self._screen.line(f"  {number}: {line}")
        if not block.lines:
            self._screen.line("  (empty)")

    def _search(self, query: str) -> None:
        found = self._remote.search_archive(self._agent, query)
        for number, memory in enumerate(found, start=1):
            self._screen.line(f"[{number}] ({memory.created_at:%Y-%m-%d}) {memory.content}")
        if not found:
            self._screen.line("Nothing in the archive matches.")

    def _remember(self, text: str) -> None:
        if not text:
            raise CommandFailed("Type /remember TEXT.")
        block = self._remote.block(self._agent, "human")
        self._write(block, [*block.lines, text])

    def _edit(self, rest: str) -> None:
        name, _, rest = rest.partition(" ")
        number, _, text = rest.strip().partition(" ")
        if not text.strip():
            raise CommandFailed("Type /edit BLOCK LINE TEXT, as in: /edit human 2 Lives in: Oslo")
        block, at = self._line(name, number)
        self._write(block, [*block.lines[:at], text.strip(), *block.lines[at + 1 :]])

    def _forget(self, rest: str) -> None:
        words = rest.split()
        if len(words) != 2:
            raise CommandFailed("Type /forget BLOCK LINE, as in: /forget human 2")
        block, at = self._line(*words)
        lines = [*block.lines[:at], *block.lines[at + 1 :]]
        left = self._remote.write_block(self._agent, block, lines)
        self._screen.line(f'Forgotten: "{block.lines[at]}"')
        self._show_block(left)

    def _line(self, name: str, number: str) -> tuple[BlockContentView, int]:
        """The block and the line's index in it; refused if another line stood there when shown."""
        block = self._remote.block(self._agent, name)
        at = int(number) - 1 if number.isascii() and number.isdigit() else -1
        if not 0 <= at < len(block.lines):
            raise CommandFailed(f"{block.block_name} has lines 1 to {len(block.lines)}.")
        shown = self._shown.get(block.block_name, block.lines)
        if shown[at : at + 1] != block.lines[at : at + 1]:
            self._show_block(block)
            raise CommandFailed("These lines have changed since you saw them. Choose again.")
        return block, at

    def _write(self, block: BlockContentView, lines: list[str]) -> None:
        self._show_block(self._remote.write_block(self._agent, block, lines))

    def _agents(self, _: str) -> None:
        for agent in self._remote.agents():
            mark = "*" if agent.agent_id == self._agent.agent_id else " "
            model = " ".join(filter(None, (agent.agent_provider, agent.agent_model)))
            self._screen.line(f"{mark} {agent.agent_name} ({model})")

    def _new(self, _: str) -> None:
        self._conversation = None
        self._screen.line("A new conversation. The agent keeps what it remembers.")
