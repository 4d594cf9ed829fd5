"""The same random operations on SQLite and on an independent engine must end alike."""

from collections import Counter

import pytest

from smriti.db.dynamodb import DynamoTable
from smriti.db.sqlite import SqliteTable
from smriti.db.table import ItemPage
from tests.e2e.dynamodb import REGION, credentials, engines, new_table, running
from tests.e2e.table_fuzz import Fuzz, comparable, outcome

# ministack is slower, and accepts changes that do not suit the value, after which all would differ.
STEPS = {"dynoxide": 3000, "ministack": 1000}


@pytest.mark.parametrize("engine", engines())
async def test_both_engines_answer_alike(engine: str) -> None:
    fuzz = Fuzz(20260101, typed=engine == "ministack")
    outcomes: Counter[str] = Counter()

    with credentials(), running(engine) as address:
        name = new_table(address)
        dynamo = await DynamoTable.open(name, region=REGION, endpoint=address)
        sqlite = SqliteTable.open()
        for number in range(STEPS[engine]):
            step = fuzz.step()
            ours, theirs = await outcome(sqlite, step), await outcome(dynamo, step)
            shown = f"step {number}: {step.text}\n{ours}\n{theirs}"
            assert comparable(step.query, ours) == comparable(step.query, theirs), shown
            outcomes[ours[0]] += 1
            if step.query is not None and not step.query.index and isinstance(ours[1], ItemPage):
                fuzz.goes_on(step.query, ours[1])
        await sqlite.close()
        await dynamo.close()

    assert outcomes.keys() >= {"done", "condition", "transaction", "InvalidOperation"}
