"""Turns as tasks that outlive connections."""

import asyncio

from smriti.core.clock import utc_now
from smriti.realtime.memory import MemoryLog
from smriti.turns.models import TurnRecord
from smriti.turns.reporter import Reporter
from smriti.turns.runner import Running, TurnRunner


async def test_who_listens_to_a_turn_that_ends_before_it_begins_is_let_go() -> None:
    record = TurnRecord(
        turn_id="t", conversation_id="c", agent_id="a", question_id="q",
        created_by="ada@example.com", question_at=utc_now(),
    )  # fmt: skip
    log = MemoryLog()
    running = Running(record, Reporter(log, "t"))
    runner = TurnRunner(limit=1, grace_s=0)

    runner.start(running, asyncio.sleep(0))
    await runner.stop("c")

    assert running.over.is_set()
    assert (await log.read(0, wait_s=0)).ended
