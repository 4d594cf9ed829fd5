"""What a turn costs: its steps, tokens and times, kept in its record."""

import time
from collections.abc import Callable

from smriti.llm.types import ToolCall, Usage
from smriti.turns.events import ReplyEnded, StepCompleted
from smriti.turns.models import StepRecord, ToolUse, TurnRecord

type CostOf = Callable[[str, Usage], float | None]
"""The price of tokens of a model, in US dollars; None when it is not known."""


class Ledger:
    """Books the steps of one attempt. Times are milliseconds since the last thing that ended."""

    def __init__(self, record: TurnRecord, cost_of: CostOf) -> None:
        self._record = record
        self._cost_of = cost_of
        self._began = self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def first_token(self) -> None:
        if self._record.first_token_ms is None:
            self._record.first_token_ms = round(self.seconds * 1000)

    def reply_ended(self, reply: ReplyEnded, model: str) -> None:
        calls = [
            ToolUse(call_id=part.call_id, name=part.name)
            for part in reply.parts
            if isinstance(part, ToolCall)
        ]
        step = StepRecord(model=model, usage=reply.usage, model_ms=self._passed(), calls=calls)
        record = self._record
        record.step_log.append(step)
        record.steps += 1
        record.usage += reply.usage
        cost = self._cost_of(model, reply.usage)
        if cost is not None:
            record.cost = (record.cost or 0.0) + cost

    def step_completed(self, step: StepCompleted) -> None:
        if not step.results or not self._record.step_log:
            return
        booked = self._record.step_log[-1]
        booked.tools_ms = self._passed()
        self._record.tools_ms += booked.tools_ms
        success = {result.call_id: result.success for result in step.results}
        for call in booked.calls:
            call.success = success.get(call.call_id)

    def _passed(self) -> int:
        now = time.monotonic()
        self._last, passed = now, now - self._last
        return round(passed * 1000)
