"""Whatever happens to a conversation, in whatever order: no question is lost, none answered twice.

`--turn-examples 500` asks for so many examples, other ones each time.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.turns.machine import Ground, World


class TurnMachine(RuleBasedStateMachine):
    """Each rule is one thing that a person, a client, an operator or bad luck does."""

    ground: Ground
    data_dir: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World(self.ground, self.data_dir)

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)

    def turn(self, number: int) -> str:
        turn_ids = self.world.turn_ids
        return turn_ids[number % len(turn_ids)]

    @initialize()
    def opens(self) -> None:
        self.do(self.world.open())

    @rule(plan=st.text(alphabet="012", max_size=2), key=st.sampled_from([None, None, "a", "b"]))
    def sends(self, plan: str, key: str | None) -> None:
        self.do(self.world.send(plan, key))

    @rule(pieces=st.integers(1, 8))
    def model_speaks(self, pieces: int) -> None:
        self.do(self.world.hear(pieces))

    @precondition(lambda self: self.world.live.readers)
    @rule(number=st.integers(0, 20))
    def somebody_leaves(self, number: int) -> None:
        readers = self.world.live.readers
        readers[number % len(readers)].leave()

    @precondition(lambda self: self.world.turn_ids)
    @rule(number=st.integers(0, 20), event=st.integers(0, 30))
    def somebody_attaches(self, number: int, event: int) -> None:
        turn_id = self.turn(number)
        known = [0, *self.world.heard_of(turn_id)]
        self.do(self.world.attach(turn_id, known[event % len(known)]))

    @precondition(lambda self: self.world.turn_ids)
    @rule(number=st.integers(0, 20))
    def somebody_cancels(self, number: int) -> None:
        self.do(self.world.cancel(self.turn(number)))

    @rule()
    def process_dies(self) -> None:
        self.do(self.world.crash())

    @rule()
    def operator_restarts(self) -> None:
        self.do(self.world.stop_and_start())

    @precondition(lambda self: self.world.dead)
    @rule(number=st.integers(0, 20))
    def dead_process_wakes(self, number: int) -> None:
        self.do(self.world.wake(number % len(self.world.dead)))

    @precondition(lambda self: self.world.sent > 3)
    @rule()
    def owner_deletes(self) -> None:
        self.do(self.world.delete())

    def teardown(self) -> None:
        try:
            if hasattr(self.world, "live"):
                self.do(self.world.settle())
                self.do(self.world.check())
        finally:
            self.do(self.world.close())
            self.loop.close()


def test_no_question_is_lost_and_none_is_answered_twice(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    asked: int = request.config.getoption("--turn-examples")
    TurnMachine.data_dir = tmp_path
    TurnMachine.ground = asyncio.run(Ground.made(tmp_path))

    run_state_machine_as_test(
        TurnMachine,
        settings=settings(
            max_examples=asked or 20,
            stateful_step_count=40 if asked else 15,
            derandomize=not asked,
            database=None,
            phases=[Phase.generate],  # a smaller example would take minutes to find
            suppress_health_check=list(HealthCheck),
        ),
    )
