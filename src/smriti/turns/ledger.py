"""What a turn costs: its steps, tokens and times, kept in its record."""

import time

from smriti.llm.catalog import Catalog
from smriti.llm.types import ToolCall
from smriti.turns.events import ReplyEnded, StepCompleted
from smriti.turns.models import StepRecord, ToolUse, TurnRecord


class Ledger:
    """Books the steps of one attempt. Times are milliseconds since the last thing that ended."""

    def __init__(self, record: TurnRecord, catalog: Catalog) -> None:
        self._record = record
        self._catalog = catalog
        self._began = self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def first_token(self) -> None:
        if self._record.first_token_ms is None:
            self._record.first_token_ms = round(self.seconds * 1000)

    def reply_ended(self, reply: ReplyEnded) -> None:
        calls = [
            ToolUse(call_id=part.call_id, name=part.name)
            for part in reply.parts
            if isinstance(part, ToolCall)
        ]
        step = StepRecord(
            model=reply.model, usage=reply.usage, model_ms=self._passed(), calls=calls
        )
        record = self._record
        record.step_log.append(step)
        record.steps += 1
        record.usage += reply.usage
        # A step without a price leaves the turn without one: half a sum would look like a whole.
        cost = self._catalog.cost(reply.model, reply.usage)
        earlier = record.cost if record.steps > 1 else 0.0
        record.cost = None if cost is None or earlier is None else earlier + cost

    def step_completed(self, step: StepCompleted) -> None:
        if not step.results or not self._record.step_log:
            return
        booked = self._record.step_log[-1]
        booked.tools_ms = self._passed()
        self._record.tools_ms += booked.tools_ms
        success = {result.call_id: result.success for result in step.results}
        for call in booked.calls:
            call.success = success.get(call.call_id)
            call.ms = step.ms.get(call.call_id)

    def _passed(self) -> int:
        now = time.monotonic()
        self._last, passed = now, now - self._last
        return round(passed * 1000)
