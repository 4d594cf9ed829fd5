"""How often a turn asks the store."""

from pathlib import Path

from smriti.db.table import Table
from tests.fakes.counting_table import CountingTable
from tests.home import HELLO, open_home


async def test_a_plain_turn_makes_one_round_trip_before_the_model_is_asked(
    table: Table, tmp_path: Path
) -> None:
    counting = CountingTable(table)
    async with open_home(counting, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO, HELLO)
        await home.say(conversation, "Hi")
        counting.waves.clear()

        await home.say(conversation, "Hi again")

    assert counting.waves == [
        ["update", "read"],  # the lease, which reads the conversation; and everything else
        ["write", "write"],  # turn record and question, while the model request is under way
        ["write"],  # the answer
        ["update", "update"],  # the turn record is closed, the conversation given back
    ]
