"""How often a turn asks the store."""

from pathlib import Path

import pytest

from smriti.db.table import Table
from tests.home import PLAIN_TURN, waves_of_a_plain_turn


@pytest.mark.usefixtures("unhurried")
async def test_a_plain_turn_makes_one_round_trip_before_the_model_is_asked(
    table: Table, tmp_path: Path
) -> None:
    assert await waves_of_a_plain_turn(table, tmp_path) == PLAIN_TURN
