"""Which agent a chat is with."""

import pytest

from smriti.cli.chat import choose_agent
from smriti.cli.failures import CommandFailed
from tests.cli.fake_server import AGENT, FakeServer, answer

COOK = AGENT | {"agent_id": "a2", "agent_name": "Cook"}


@pytest.mark.parametrize(
    ("name", "chosen"), [(None, "Librarian"), ("cook", "Cook"), (" COOK ", "Cook")]
)
def test_the_named_agent_else_the_first(name: str | None, chosen: str) -> None:
    server = FakeServer({"GET /agents": [answer([AGENT, COOK])]})

    assert choose_agent(server.remote(), name).agent_name == chosen


def test_who_has_no_agent_gets_one_that_remembers() -> None:
    server = FakeServer({"GET /agents": [answer([])], "POST /agents": [answer(AGENT, 201)]})

    choose_agent(server.remote(), None)

    (made,) = server.sent("POST /agents")
    assert (made["agent_provider"], made["agent_architecture"]) == ("Demo", "krishna-memgpt")


@pytest.mark.parametrize(
    ("agents", "told"), [([AGENT, COOK], "You have 'Librarian', 'Cook'."), ([], "You have none")]
)
def test_an_unknown_name_is_told_with_the_known_ones(
    agents: list[dict[str, str]], told: str
) -> None:
    server = FakeServer({"GET /agents": [answer(agents)]})

    with pytest.raises(CommandFailed, match=f"You have no agent 'Nobody'. {told}"):
        choose_agent(server.remote(), "Nobody")
