"""Whatever a process died over, what was said is found again, and once."""

import pytest

from smriti.db.table import Action, Update
from tests.fakes.mortal_table import Which
from tests.fakes.paused_provider import PausedProvider
from tests.home import HELLO, Home, spoken
from tests.turns.crashing import ANSWER, Cluster, Json, died, puts, talk_of, until_ended, updates


def closes(action: Action) -> bool:
    return updates("TURN", "finished_at")(action)


def gives_back(action: Action) -> bool:
    """The write that releases the conversation."""
    return (
        isinstance(action, Update)
        and action.key[1].startswith("CONVERSATION#")
        and {"lease_by", "turn_count"} <= {change.name for change in action.changes}
    )


async def recalled(home: Home, conversation: Json) -> list[tuple[str, str]]:
    """Questions and answers as they are kept."""
    return [
        (str(item.get("question", "")), str(item.get("answer", "")))
        for item in await home.items_with("Recall#")
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (puts("MESSAGE", role="assistant"), None),
        (puts("Recall"), None),
        (None, puts("Recall")),
        (closes, None),
        (gives_back, None),
    ],
    ids=["answer", "recall", "after recall", "record", "lease"],
)
async def test_a_turn_that_died_at_its_end_is_recalled_once(
    cluster: Cluster, before: Which | None, after: Which | None
) -> None:
    _, conversation = await died(cluster, ANSWER, before=before, after=after)

    home, _ = await cluster.process(PausedProvider(ANSWER, ANSWER))
    await until_ended(home, conversation)
    await home.say(conversation, "And?")

    assert await recalled(home, conversation) == [
        *(("Well?", "Hello Alice"), ("And?", "Hello Alice"))
    ]


async def test_a_turn_whose_recall_cannot_be_stored_is_answered(cluster: Cluster) -> None:
    home, table = await cluster.process(PausedProvider(HELLO, ANSWER))
    conversation = await talk_of(home)
    await home.say(conversation, "Hi")
    table.refuses = puts("Recall")

    events = await home.say(conversation, "Well?")

    assert spoken(events) == "Hello Alice"
    assert events[-1]["event_type"] == "STREAM_COMPLETE"
    assert await recalled(home, conversation) == [("Hi", "Hello")]


async def test_a_deletion_that_died_is_made_whole(cluster: Cluster) -> None:
    home, table = await cluster.process(PausedProvider(HELLO))
    conversation = await talk_of(home)
    await home.say(conversation, "Hi")
    path = f"/conversations/{conversation['conversation_id']}"
    table.dies_after = puts("RecallChange")

    assert (await home.client.delete(path)).status_code == 503
    home, _ = await cluster.process()
    assert (await home.client.delete(path)).status_code == 204

    assert await home.items_with("Recall#") == []
    assert await home.items_with(conversation["conversation_id"]) == []
