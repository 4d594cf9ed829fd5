"""What was said and done in a session, step by step, while it goes on."""

from collections.abc import Sequence

from smriti.llm.types import Part, TextPart, ToolCall, ToolResult
from smriti.turns.answer import open_calls
from smriti.turns.events import ReplyEnded


class Journal:
    """`steps` are those that an earlier process has stored; the last of them may be unfinished."""

    def __init__(self, steps: Sequence[Sequence[Part]] = ()) -> None:
        self._steps = [list(step) for step in steps] or [[]]
        self._unfinished: list[str] = []

    @property
    def number(self) -> int:
        """Of the step under way."""
        return len(self._steps) - 1

    @property
    def step(self) -> list[Part]:
        """The step under way, as far as it has come."""
        said = "".join(self._unfinished)
        return [*self._steps[-1], *([TextPart(text=said)] if said else [])]

    @property
    def parts(self) -> list[Part]:
        return [part for step in self._steps[:-1] for part in step] + self.step

    @property
    def open_calls(self) -> tuple[ToolCall, ...]:
        return open_calls(self._steps[-1])

    def add_text(self, text: str) -> None:
        self._unfinished.append(text)

    def end_reply(self, reply: ReplyEnded) -> None:
        self._unfinished.clear()
        self._steps[-1] += reply.parts

    def add_result(self, result: ToolResult) -> None:
        """Its place is taken by the same result as the loop tells it."""
        self._steps[-1].append(result)

    def end_step(self, results: Sequence[ToolResult]) -> None:
        told = {result.call_id for result in results}
        asked = [part for part in self._steps[-1] if not _is_one_of(part, told)]
        self._steps[-1] = [*asked, *results]

    def begin_step(self) -> None:
        self._steps.append([])


def _is_one_of(part: Part, call_ids: set[str]) -> bool:
    return isinstance(part, ToolResult) and part.call_id in call_ids
